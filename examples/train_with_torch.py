"""Train a recurrent model on the shards with plain torch; nothing of Entchen is imported.

After `make repro`: python examples/train_with_torch.py [data/tokens/melodies]
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

folder = sys.argv[1] if len(sys.argv) > 1 else "data/tokens/melodies"
if not any(Path(folder).glob("train/*.parquet")):
    sys.exit(f"{folder}: no training shards; after `make repro`, data/tokens/ has a folder per data set")
rows = pq.read_table(f"{folder}/train", columns=["tokens"])["tokens"].to_pylist()
pieces = [torch.from_numpy(np.array(tokens, dtype=np.int64)) for tokens in rows[:256]]
torch.manual_seed(1)
embedding, lstm, output = nn.Embedding(259, 64), nn.LSTM(64, 128, batch_first=True), nn.Linear(128, 258)
parameters = [*embedding.parameters(), *lstm.parameters(), *output.parameters()]
optimizer = torch.optim.Adam(parameters, lr=0.003)
for step in range(12):
    chosen = torch.randint(len(pieces), (16,)).tolist()
    batch = pad_sequence([pieces[index][:257] for index in chosen], batch_first=True, padding_value=258)
    hidden, _ = lstm(embedding(batch[:, :-1]))
    loss = nn.functional.cross_entropy(output(hidden).flatten(0, 1), batch[:, 1:].flatten(), ignore_index=258)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"step {step + 1}: {loss.item():.3f} nats per token")
