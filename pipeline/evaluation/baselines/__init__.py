"""What a model has to beat, without torch.

========== =======================================================================
sequences  many sequences in one array
longterm   an n-gram of what training pieces know
shortterm  the same n-gram of the piece so far, learning as it goes
mixing     several opinions by how sure each of them is
tokens     over the 258 symbols: copy, n-gram, and a memory for any predictor
========== =======================================================================
"""
