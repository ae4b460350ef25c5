"""From a frame to a corrected frame. Pure and synchronous: no asyncio, no WebRTC, no training code."""
