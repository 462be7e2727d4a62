"""Passwords: made, kept below DIR/secrets, and turned into SCRAM verifiers, so that none is ever part of an SQL statement."""
import base64
import hashlib
import hmac
import os
import secrets


def new_password(hostile=False):
    """Hostile ones hold every character that URLs, pgpass files, shells and env files treat specially."""
    return secrets.token_urlsafe(18) + ("@:/?#%&=+'\"\\ $x`!" if hostile else "")


def scram_verifier(password, iterations=4096):
    """What PostgreSQL stores for scram-sha-256 (RFC 5803). ASCII only: SASLprep leaves it as it is."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{text[0]}${text[1]}:{text[2]}"


def passfile_line(host, port, database, user, password):
    """One line of a pgpass file: colons and backslashes are escaped."""
    fields = (str(field).replace("\\", "\\\\").replace(":", "\\:") for field in (host, port, database, user, password))
    return ":".join(fields) + "\n"
