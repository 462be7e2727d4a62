"""Free TCP ports on 127.0.0.1, below the range that the kernel gives to outgoing connections (32768 and up),
where a client of another test could take a port between our looking and our server's listening."""
import os
import socket

FIRST, LAST, STRIDE = 20000, 31999, 40


class Ports:
    def __init__(self):
        # Laboratories that are started at the same moment look in different places.
        slots = (LAST - FIRST) // STRIDE
        self.next_port = FIRST + os.getpid() * 37 % slots * STRIDE

    def take(self):
        for _ in range(LAST - FIRST):
            port = self.next_port
            self.next_port = FIRST if port >= LAST else port + 1
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    continue
        raise OSError(f"no free port between {FIRST} and {LAST}")
