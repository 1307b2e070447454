"""The one exception that is written for people."""


class InputError(Exception):
    """Something that the user gave (a file, an address, a setting) cannot be used.

    The message says what is wrong, where, and what to do about it; it is shown without a traceback.
    """
