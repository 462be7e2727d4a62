"""An error for the person who typed the command: what failed, and what to type next."""


class LabError(Exception):
    def __init__(self, message, next_command=None):
        super().__init__(message)
        self.next_command = next_command
