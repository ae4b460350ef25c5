"""The relay's HTTP side: API, WHIP, WHEP, taps, access control, probes, metrics. Knows nothing of frames and faces."""
