-- Shape 0: what most applications look like. Tables in public, serials, foreign keys, a view, one more schema.
SET ROLE @owner@;

CREATE TABLE customers (
    id serial PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL UNIQUE,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE products (
    id serial PRIMARY KEY,
    title varchar(120) NOT NULL,
    price numeric(10,2) NOT NULL CHECK (price >= 0)
);
CREATE TABLE orders (
    id bigserial PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers ON DELETE RESTRICT,
    placed_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid', 'sent', 'cancelled'))
);
CREATE TABLE order_items (
    order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    product_id integer NOT NULL REFERENCES products,
    quantity smallint NOT NULL DEFAULT 1,
    PRIMARY KEY (order_id, product_id)
);
CREATE INDEX orders_customer_idx ON orders (customer_id, placed_at DESC);
CREATE INDEX orders_open_idx ON orders (placed_at) WHERE state = 'open';

INSERT INTO customers (name, email, active, created_at)
SELECT 'Customer ' || i, 'customer' || i || '@example.org', i % 7 <> 0, timestamptz '2021-03-01 08:00+00' + i * interval '3 hours'
  FROM generate_series(1, 300) i;
INSERT INTO products (title, price)
SELECT 'Product ' || substr(md5((i + @seed@)::text), 1, 10), (i * 37 % 9999) / 100.0 FROM generate_series(1, 80) i;
INSERT INTO orders (customer_id, placed_at, state)
SELECT 1 + (i * 13 + @seed@) % 300, timestamptz '2022-01-01 00:00+00' + i * interval '17 minutes',
       (ARRAY['open', 'paid', 'sent', 'cancelled'])[1 + i % 4]
  FROM generate_series(1, 1500) i;
INSERT INTO order_items (order_id, product_id, quantity)
SELECT i, 1 + (i * 7 + k * 11) % 80, 1 + (i + k) % 5 FROM generate_series(1, 1500) i, generate_series(1, 3) k
ON CONFLICT DO NOTHING;

-- Gaps as rolled back inserts leave them, and a sequence ahead of its table.
DELETE FROM orders WHERE id % 101 = 0;
SELECT setval('customers_id_seq', 350, true), setval('products_id_seq', 81, false);

CREATE VIEW open_orders AS
SELECT o.id, c.name, o.placed_at, sum(i.quantity * p.price) AS total
  FROM orders o JOIN customers c ON c.id = o.customer_id
  JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id
 WHERE o.state = 'open' GROUP BY o.id, c.name, o.placed_at;
COMMENT ON TABLE orders IS 'One row per order; never deleted by the application';
COMMENT ON COLUMN orders.state IS 'open -> paid -> sent, or cancelled';

CREATE SCHEMA stock;
CREATE TABLE stock.levels (product_id integer PRIMARY KEY REFERENCES public.products, amount integer NOT NULL);
INSERT INTO stock.levels SELECT id, id * 3 % 50 FROM products;
RESET ROLE;
