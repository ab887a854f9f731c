package ledger

import "testing"

func TestDelta(t *testing.T) {
	for kind, want := range map[Kind]int64{TopUp: 7, Reserve: -7, Settle: 0, Release: 7, TransferIn: 7, TransferOut: -7, "UNKNOWN": 0} {
		if got := (Entry{Kind: kind, Credits: 7}).Delta(); got != want {
			t.Errorf("%s moves the balance by %d, want %d", kind, got, want)
		}
	}
}
