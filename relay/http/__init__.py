"""The relay's HTTP side: API, WHIP, WHEP, taps, access, probes, metrics. Knows nothing of frames and faces."""
