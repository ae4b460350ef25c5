"""Faces and fields as packets of the field return (docs/protocol.md). Knows nothing of the transport."""
