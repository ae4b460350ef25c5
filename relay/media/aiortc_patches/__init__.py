"""What the relay changes in aiortc and aioice, private names included; each can be switched off."""
