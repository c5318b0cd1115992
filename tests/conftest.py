"""For all tests: signals as a terminal gives them."""

import signal

# Whoever runs the tests may have these ignored, as nohup and a shell's background do, and programs
# that tests start would inherit that.
_USUAL = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
for _number, _handler in _USUAL.items():
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, _handler)
