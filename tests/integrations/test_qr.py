"""The drawing of a code is the code."""

import re

import pytest
import qrcode

from integrations import qr


@pytest.mark.parametrize(
    "text", ["a", "2@" + "A7x/" * 57, "https://wa.me/5511987654321"]
)
def test_the_path_has_every_dark_module_and_no_other(text):
    drawn = qr.inline(text)

    code = qrcode.QRCode(border=qr.QUIET_ZONE, mask_pattern=qr.QUICK_MASK)
    code.add_data(text)
    dark = {
        (x, y)
        for y, row in enumerate(code.get_matrix())
        for x, is_dark in enumerate(row)
        if is_dark
    }
    steps = re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn)
    assert "".join(f"M{x} {y}h{n}v1h-{n}z" for x, y, n in steps) in drawn
    assert dark == {
        (int(x) + more, int(y)) for x, y, n in steps for more in range(int(n))
    }
    assert "style" not in drawn


def test_a_text_is_never_part_of_the_drawing():
    assert "script" not in qr.inline("</svg><script>alert(1)</script>")
