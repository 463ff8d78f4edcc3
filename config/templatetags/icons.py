"""The project's own line icons, drawn on a grid of 24."""

ICONS: dict[str, str] = {
    "logo": '<circle cx="12" cy="12" r="10.2"/>'
    '<path d="M12 21.4v-6.2M12 15.2C12 10.6 7.2 11 7.2 6.4M12 15.2c0-4.6 4.8-4.2 4.8-8.8M12 11.4V6"/>',
    "bag": '<path d="M5.5 8.5h13l-.9 11.5H6.4z"/><path d="M9 10.5V7a3 3 0 0 1 6 0v3.5"/>',
    "list": '<path d="M5 6.5h2M5 12h2M5 17.5h2M10.5 6.5H19M10.5 12H19M10.5 17.5H19"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5 5"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5.2l3.4 2"/>',
    "pin": '<path d="M12 21s-6.5-5.6-6.5-11a6.5 6.5 0 0 1 13 0c0 5.4-6.5 11-6.5 11z"/>'
    '<circle cx="12" cy="10" r="2.4"/>',
    "counter": '<path d="M4 10.5 5.5 5h13L20 10.5M4 10.5h16M5.5 10.5V19h13v-8.5"/><path d="M10 19v-4.5h4V19"/>',
    "bike": '<circle cx="6" cy="16.5" r="3.5"/><circle cx="18" cy="16.5" r="3.5"/>'
    '<path d="M6 16.5 9.5 9h6l2.5 7.5M9.5 9l4 7.5M8 6.5h3M15.5 9 14.5 6h2.8"/>',
    "pan": '<circle cx="10" cy="12.5" r="6.5"/><path d="m15.5 9 6-3.5"/><path d="M7.5 12.5a2.5 2.5 0 0 1 2.5-2.5"/>',
    "check": '<path d="m5 12.8 4.6 4.7L19 7.5"/>',
    "cross": '<path d="m6.5 6.5 11 11M17.5 6.5l-11 11"/>',
    "door": '<path d="M7 21V3.5h10V21M4.5 21h15"/><circle cx="14" cy="12.5" r=".6"/>',
    "pause": '<path d="M8.5 6v12M15.5 6v12"/>',
    "play": '<path d="M8 5.5v13l10-6.5z"/>',
    "plus": '<path d="M12 5.5v13M5.5 12h13"/>',
    "minus": '<path d="M5.5 12h13"/>',
    "bin": '<path d="M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5"/>',
    "alert": '<path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.2"/>',
    "person": '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.8-4 3.7-6 7.5-6s6.7 2 7.5 6"/>',
    "out": '<path d="M14 4.5H5.5v15H14M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5"/>',
    "gauge": '<path d="M4 17.5a8.5 8.5 0 1 1 16 0M12 15l4-5.5"/><circle cx="12" cy="15" r="1.2"/>',
    "radio": '<path d="M6.5 17.5a8 8 0 0 1 0-11M17.5 6.5a8 8 0 0 1 0 11"/>'
    '<path d="M9 15a4.2 4.2 0 0 1 0-6M15 9a4.2 4.2 0 0 1 0 6"/>'
    '<circle cx="12" cy="12" r=".8"/>',
    "card": '<rect x="3.5" y="6" width="17" height="12.5" rx="2"/><path d="M3.5 10h17M7 15h3"/>',
    "bell": '<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15zM10 21h4"/><path d="M12 5V3"/>',
    "star": '<path d="m12 3.8 2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8z"/>',
    "again": '<path d="M5 12a7 7 0 0 1 12-4.9L19.5 9M19.5 4.5V9H15M19 12a7 7 0 0 1-12 4.9L4.5 15M4.5 19.5V15H9"/>',
    "home": '<path d="M4 11.5 12 4l8 7.5M6 10v10h12V10"/><path d="M10 20v-6h4v6"/>',
    "print": '<path d="M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z"/>',
    "unplugged": '<path d="M9 3.5v4M15 3.5v4M6.5 7.5h11V11a5.5 5.5 0 0 1-11 0zM12 16.5v4M4 4l16 16"/>',
    "arrow": '<path d="M5 12h14M13.5 6.5 19 12l-5.5 5.5"/>',
}
