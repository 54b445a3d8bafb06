"""Documents in the formats that people bring and take away: HTML, Markdown, plain text, JSON."""
