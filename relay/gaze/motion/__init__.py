"""From the frame in which faces were found to a later one: motion compensation and the blink guard."""
