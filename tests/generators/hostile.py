"""Drawings that a chat model might be talked into: they read, load, stall, crash or never end."""

from __future__ import annotations

import base64
import io

from PIL import Image

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
SECRET = (254, 1, 254)
"""The colour of a picture that no drawing may show; no other drawing here uses it."""


def svg(body: str, more: str = 'viewBox="0 0 512 512"') -> str:
    return f"<svg {NS} {more}>{body}</svg>"


def secret_png() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (64, 64), SECRET).save(data, "PNG")
    return data.getvalue()


def image(href: str, name: str = "href") -> str:
    return svg(f'<image width="512" height="512" {name}="{href}"/>')


def bomb(levels: int, times: int = 10) -> str:
    groups = '<rect id="a0" width="1" height="1"/>'
    for k in range(1, levels):
        groups += f'<g id="a{k}">' + f'<use href="#a{k - 1}"/>' * times + "</g>"
    return svg(f'<defs>{groups}</defs><use href="#a{levels - 1}"/>')


def filtered(primitive: str) -> str:
    return svg(
        f'<filter id="f" x="-100" y="-100" width="300" height="300">{primitive}</filter>'
        '<rect filter="url(#f)" width="512" height="512"/>'
    )


def clips(count: int) -> str:
    chain = "".join(
        f'<clipPath id="c{k}" clip-path="url(#c{k + 1})">{FULL}</clipPath>' for k in range(count)
    )
    return svg(chain + '<rect clip-path="url(#c0)" width="512" height="512"/>')


def use_chain(length: int, depth: int) -> str:
    """Return uses of uses, each inside groups: shallow as written, very deep as drawn."""
    links = "".join(
        "<g>" * depth + f'<use id="u{k}" href="#u{k + 1}"/>' + "</g>" * depth for k in range(length)
    )
    return svg(links + f'<rect id="u{length}" width="9" height="9"/>')


LOL = "".join(f'<!ENTITY {chr(98 + k)} "{("&" + chr(97 + k) + ";") * 10}">' for k in range(9))
FULL = '<rect width="512" height="512"/>'
DUPLICATE = '<g id="a">' + '<use href="#b"/>' * 99 + "</g>" + '<g id="b">' + FULL * 99 + "</g>"


def cases(folder: str) -> dict[str, str]:
    """Return drawings by name; `folder` holds `secret.png` and `secret.svg`."""
    data = base64.b64encode(secret_png()).decode()
    return {
        # that read files or leave the machine
        "file by absolute path": image(f"{folder}/secret.png"),
        "file by URL": image(f"file://{folder}/secret.png"),
        "file by relative path": image("secret.png"),
        "file by xlink": image(f"{folder}/secret.png", "xlink:href"),
        "drawing in a file": image(f"{folder}/secret.svg"),
        "picture as data": image(f"data:image/png;base64,{data}"),
        "picture of the network": image("http://127.0.0.1:9/secret.png"),
        "feImage": filtered(f'<feImage href="{folder}/secret.png"/>'),
        "use of a file": svg(f'<use href="{folder}/secret.svg#s"/>'),
        "gradient of a file": svg(f'<linearGradient id="g" href="{folder}/secret.svg#g"/>{FULL}'),
        "fill by URL": svg(f'<rect width="9" height="9" fill="url({folder}/secret.svg#g)"/>'),
        "clip by URL": svg(f'<rect width="9" height="9" clip-path="url(file://{folder}/x#c)"/>'),
        "style imports": svg(f"<style>@import url(file://{folder}/secret.css);</style>{FULL}"),
        "style in an attribute": svg(
            f'<rect style="fill:url({folder}/secret.svg#g)" width="9" height="9"/>'
        ),
        "font face": svg(
            f"<style>@font-face{{font-family:x;src:url(file://{folder}/x)}}</style><text>x</text>"
        ),
        "style sheet instruction": f'<?xml-stylesheet href="{folder}/x.css"?>' + svg(FULL),
        "XInclude": svg(
            f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{folder}/secret.svg"/>'
        ),
        "foreign object": svg(
            '<foreignObject width="99" height="99"><img xmlns="http://www.w3.org/1999/xhtml"'
            f' src="{folder}/secret.png"/></foreignObject>'
        ),
        "script": svg(f'<script>fetch("http://127.0.0.1:9")</script><rect onload="x()"/>{FULL}'),
        "animation": svg(f'<rect><set attributeName="href" to="{folder}/secret.png"/></rect>'),
        # entities
        "external entity": f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file://{folder}/secret.svg">]>'
        + svg('<text y="20">&x;</text>'),
        "billion laughs": f'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">{LOL}]>'
        + svg("<text>&j;</text>"),
        "doctype inside": svg('<!DOCTYPE svg [<!ENTITY a "a">]><text>&a;</text>'),
        "svg inside a doctype": f'<!DOCTYPE svg [<!ENTITY a "<svg {NS}>">]>' + svg("&a;"),
        # sizes and numbers
        "huge size": svg(FULL, 'width="100000" height="100000"'),
        "one by a million": svg(FULL, 'width="1" height="1000000"'),
        "size of nothing": svg("", 'width="0" height="0"'),
        "negative size": svg(FULL, 'width="-5" height="-5"'),
        "view of nothing": svg(FULL, 'viewBox="0 0 0 0"'),
        "view of a trillionth": svg(FULL, 'viewBox="0 0 1e-12 1e-12"'),
        "no numbers": svg(FULL, 'viewBox="nan inf 1 -inf"'),
        "huge numbers": svg('<circle r="1e300"/><path d="M0 0L1e38 -1e38"/>'),
        "scaled a millionfold": svg('<g transform="scale(1e6)">' * 30 + FULL + "</g>" * 30),
        "a font a million high": svg('<text font-size="1e6" y="1e6">MMMM</text>'),
        # depth and number
        "deep": svg("<g>" * 200_000 + "</g>" * 200_000),
        "deep below": svg("<g>" * 1000 + FULL + "</g>" * 1000),
        "a million shapes": svg('<circle r="9"/>' * 300_000),
        "full of shapes": svg('<circle cx="256" cy="256" r="250" opacity=".5"/>' * 4000),
        "full of layers": svg(('<g opacity=".5">' * 38 + FULL + "</g>" * 38) * 60),
        "use of itself": svg('<g id="a"><use href="#a"/></g>'),
        "uses in a ring": svg('<use id="a" href="#b"/><use id="b" href="#a"/>'),
        "use of the root": svg('<use href="#r"/>', 'id="r"'),
        "use ten thousandfold": bomb(5),
        "use a billionfold": bomb(10),
        "use by a second id": svg(DUPLICATE + '<g id="b"/><use href="#a"/>'),
        "chain of uses": use_chain(100, 38),
        "chain of clips": clips(300),
        "ring of clips": svg(
            f'<clipPath id="a" clip-path="url(#b)">{FULL}</clipPath>'
            f'<clipPath id="b" clip-path="url(#a)">{FULL}</clipPath><rect clip-path="url(#a)"/>'
        ),
        "a clip on every shape": svg(
            f'<clipPath id="c">{FULL * 9}</clipPath>'
            + '<rect clip-path="url(#c)" width="512" height="512"/>' * 1500
        ),
        "ring of gradients": svg(
            '<linearGradient id="a" href="#b"/><linearGradient id="b" href="#a"/>'
            '<rect fill="url(#a)" width="9" height="9"/>'
        ),
        "chain of gradients": svg(
            "".join(f'<linearGradient id="g{k}" href="#g{k + 1}"/>' for k in range(2000))
            + '<rect fill="url(#g0)" width="9" height="9"/>'
        ),
        "a clip of itself": svg('<clipPath id="a"><rect clip-path="url(#a)"/></clipPath>'),
        # work
        "blur": filtered('<feGaussianBlur stdDeviation="5000"/>'),
        "blurs": filtered('<feGaussianBlur stdDeviation="90"/>' * 100),
        "turbulence": filtered('<feTurbulence numOctaves="1000" baseFrequency="0.9"/>'),
        "morphology": filtered('<feMorphology radius="900"/>'),
        "fine pattern": svg(
            f'<pattern id="p" width=".0001" height=".0001">{FULL}</pattern>'
            '<rect fill="url(#p)" width="512" height="512"/>'
        ),
        "mask of masks": svg(
            "".join(f'<mask id="m{k}" mask="url(#m{k + 1})">{FULL}</mask>' for k in range(300))
            + '<rect mask="url(#m0)" width="512" height="512"/>'
        ),
        "fine dashes": svg('<path d="M0 0L1e6 1e6" stroke="red" stroke-dasharray=".0001"/>'),
        "fine dashes in view": svg(
            '<circle cx="256" cy="256" r="200" stroke="red" stroke-dasharray=".00001 .00001"/>' * 99
        ),
        "a path without end": svg(f'<path d="M0 0{"C9 500 500 9 1 1" * 12_000}" stroke="red"/>'),
        "round joins": svg(
            f'<path d="M0 0{"L512 9L0 500" * 9000}" stroke-linejoin="round" stroke-width="500"'
            ' fill="none" stroke="red"/>'
        ),
        "a book of text": svg(f'<text y="20">{"word " * 38_000}</text>'),
        "a text of spans": svg("<text>" + '<tspan dy=".001">x</tspan>' * 4900 + "</text>"),
        # answers that would stall whoever looks for the drawing in them
        "openings": "<svg " * 40_000,
        "openings and an end": "<svg " * 39_000 + "</svg>",
        "ends": svg("") + "</svg " * 30_000,
        "ampersands": svg(f"<text>{'&#' * 90_000}</text>"),
        "spaces": svg(FULL, f'width="1{" " * 190_000}x" height="9"'),
        "digits": svg(f'<rect x="{"1" * 190_000}"/>'),
        "braces": svg(f"<style>{'{' * 190_000}</style>{FULL}"),
        "comments": svg(f"<style>{'/*' * 90_000}</style>{FULL}"),
        "classes": svg(
            f'<style>.a{{{"fill:red;stroke:blue;" * 4000}}}</style><g class="{"a " * 50_000}"/>'
        ),
        # what is no drawing
        "words": "I cannot draw.",
        "empty": "",
        "cut": f"<svg {NS}><rect width='50'",
        "not closed": f"<svg {NS}><g></svg>",
        "half a character": svg("<text>\ud800</text>"),
        "control characters": svg("<text>\x00\x08</text>"),
        "another namespace": '<svg xmlns="http://example.org/svg"><rect/></svg>',
        "undeclared prefix": svg("<inkscape:grid/>"),
    }
