"""The processes that train one run together: who they are, how they meet, agree and part."""
