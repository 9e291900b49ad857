"""The lookup of the copy mechanism's bias."""

import torch
from torch.nn import functional

from pipeline.models.copying.attention import Lookup


def test_values_and_gradient_are_those_of_an_embedding() -> None:
    dice = torch.Generator().manual_seed(1)
    table = torch.randn(100, 3, generator=dice, dtype=torch.float64, requires_grad=True)
    rows = torch.randint(0, 97, (4, 50, 60), generator=dice, dtype=torch.uint8)  # some rows are never used
    weights = torch.randn(4, 50, 60, 3, generator=dice, dtype=torch.float64)
    expected = functional.embedding(rows.long(), table)
    found = torch.stack(Lookup.apply(table, rows), dim=-1)
    assert torch.equal(found, expected)
    of_expected, of_found = (
        torch.autograd.grad((each * weights).sum(), table)[0] for each in (expected, found)
    )
    torch.testing.assert_close(of_found, of_expected)
    assert not of_found[97:].any()
