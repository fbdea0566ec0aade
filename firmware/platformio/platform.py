"""The platform of Mote's ports that run on this computer; it downloads nothing."""

from platformio.public import PlatformBase


class MotePlatform(PlatformBase):
    """Boards are described in boards/, tools are the system's."""
