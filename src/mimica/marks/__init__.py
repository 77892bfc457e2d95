"""Other people's invisible marks behind the two names of ``safety.mark``: TrustMark and VideoSeal.

Both are networks for torch whose weights must be downloaded, so neither is installed with Mimica, and nothing here
downloads: the user installs the package, fetches its weights by their own word, and asks for the mark by its name. This
room does not know files of pictures or videos, consent or ledgers.
"""
