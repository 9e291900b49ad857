"""From notes tables to token shards: quantize, filters, families, splits, encoding."""
