"""The project's own larger drawings, for pages that nobody meant to open. Their colours are the style's."""

DRAWINGS: dict[str, str] = {
    "signpost": '<path class="faint" d="M8 104h144"/><ellipse class="wash" cx="80" cy="104" rx="34" ry="5"/>'
    '<path class="paper" d="M77 22h6v82h-6z"/>'
    '<path class="paper strong" d="M83 30h44l11 10-11 10H83z"/>'
    '<path class="paper strong" d="M77 56H33L22 66l11 10h44z"/>'
    '<path d="M98 37c0-4 8-4 8 0 0 3-4 2.6-4 5.4M102 46v.2M48 63c0-4 8-4 8 0 0 3-4 2.6-4 5.4M52 72v.2"/>',
    "door": '<path class="faint" d="M8 104h144"/><path class="wash strong" d="M52 104V18h56v86z"/>'
    '<path class="paper" d="M60 104V26h40v78z"/><circle cx="93" cy="68" r="2.5"/>'
    '<path d="M80 40 70 50h20zM80 36v4"/><path class="paper strong" d="M64 50h32v16H64z"/><path d="M71 58h18"/>'
    '<path class="faint" d="M122 104V88h18v16M124 88c0-10 4-12 4-18M136 88c0-8-3-11-3-16"/>',
    "stale": '<path class="faint" d="M8 104h144"/>'
    '<path class="paper" d="M44 14h58v90l-7.2-6-7.3 6-7.3-6-7.2 6-7.3-6-7.2 6-7.3-6-7.2 6z"/>'
    '<path class="faint" d="M54 30h38M54 42h38M54 54h22"/><circle class="wash strong" cx="108" cy="70" r="24"/>'
    '<path d="M108 54v16l11 7"/>',
    "broken": '<ellipse class="faint" cx="84" cy="104" rx="62" ry="4"/><circle class="paper" cx="84" cy="58" r="42"/>'
    '<circle class="wash strong" cx="84" cy="58" r="26"/>'
    '<path d="m86 16-7 16 10 11-11 15 9 12-6 12 5 18"/>'
    '<path d="M24 100V64M24 64c0-9-9-7-9-18V28M24 64c0-9 9-7 9-18V28M24 54V28"/>'
    '<path d="M146 100V26c8 6 9 26 0 34"/>',
}
