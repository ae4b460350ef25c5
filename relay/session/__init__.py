"""One person's session and the registry of all of them: connection, tracks, data channel, viewers. Knows no HTTP."""
