"""What can go wrong in the network process, told so that one knows whose fault it was and what to do next."""

from __future__ import annotations


class NetworkError(Exception):
    """Root of all errors of this package."""


class PageAddressError(NetworkError, ValueError):
    """The address for the page is none, or not one that may be served yet."""


class PageCodeError(NetworkError, ValueError):
    """The one-time code handed in is too weak to keep anybody out."""


class LinkError(NetworkError):
    """The controller's end of the socket cannot be reached, or said something that is not of this protocol."""


class NotSent(LinkError):
    """Nothing was asked of the controller: it is not connected, or has too much to answer."""


class EventsUnreadable(NetworkError, OSError):
    """The journal file cannot be read now; the message says why."""


class CertificateError(NetworkError, OSError):
    """The page's certificate for TLS cannot be made or used; the message says why."""


class SettingsError(NetworkError, ValueError):
    """The configuration file does not give what this process needs."""


class AnnouncementError(NetworkError, OSError):
    """mDNS refused to announce; it is tried again."""
