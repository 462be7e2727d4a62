// An application of long ago: node-postgres 6, which knows passwords in clear and md5, and no SCRAM.
// Configured by DATABASE_URL and PORT; GET /health answers 200 after a round trip to the database, otherwise 503.
const http = require('http');

// node-postgres 6 takes a new socket of Node 14 and newer for an open one, and waits for ever.
const Connection = require('pg/lib/connection');
const { connect } = Connection.prototype;
Connection.prototype.connect = function connectFirst(port, host) {
  Object.defineProperty(this.stream, 'readyState', { get() { return this.connecting ? 'opening' : this.remoteAddress ? 'open' : 'closed'; } });
  return connect.call(this, port, host);
};

const pg = require('pg');
const pool = new pg.Pool(Object.assign(
  require('pg-connection-string').parse(process.env.DATABASE_URL), { max: 2, application_name: 'old-app', idleTimeoutMillis: 600000 }));
pool.on('error', () => {});

const QUERY = `SELECT current_database() AS database, current_setting('server_version_num')::integer AS server_version`;

http.createServer((request, response) => {
  pool.query(QUERY).then(
    (result) => [200, result.rows[0]],
    (failure) => [503, { error: String(failure.message) }],
  ).then(([status, body]) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
  });
}).listen(Number(process.env.PORT), '127.0.0.1');

process.on('SIGTERM', () => process.exit(0));
