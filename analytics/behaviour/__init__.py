"""How browsing becomes orders: counted in the browser of those who agree, approximate by nature."""
