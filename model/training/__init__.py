"""From plain text to a BERT: corpus, vocabulary, batches, the training loop and the directory that records a run.

One trainer serves every objective. Nothing here knows a window; nothing here knows ``model.lens``.
"""
