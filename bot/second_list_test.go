package bot_test

import (
	"errors"
	"testing"

	"sotto.chat/bot/reading"
	"sotto.chat/channels"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/lessons"
)

// "The model was right" leads to "this meant…", and from there to what the bot may be taught.
func TestTheModelWasRight(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		m := &second{}
		m.says(reading.Action{Kind: reading.ShowProduct, SKU: "TIRAMISU"})
		w := twice(t, db, clock, m)
		w.work()
		w.says(channels.Incoming{Text: "two colas"})
		w.says(channels.Incoming{Text: "a water"})
		w.counted("add 0 2 0")
		list := w.disagreements()
		judge := func(id, right string) (e lessons.Entry, err error) {
			err = w.DB.InTx(t.Context(), func(tx database.Tx) error {
				_, e, err = w.Lessons.Judge(tx, w.Merchant.ID, id, right, "staff-1")
				return err
			})
			return e, err
		}
		if _, err := judge(list[0].ID, "me"); !errors.Is(err, lessons.ErrVerdict) {
			t.Error(err)
		}
		e, err := judge(list[0].ID, lessons.ByModel)
		if err != nil || e.Why != lessons.Disagreed || e.MessageID != list[0].MessageID {
			t.Fatalf("%+v %v", e, err)
		}
		if _, err := judge(list[0].ID, lessons.ByEmbedded); !errors.Is(err, lessons.ErrSettled) {
			t.Error(err)
		}
		w.tx(func(tx database.Tx) error {
			_, err := w.Lessons.Settle(tx, w.Merchant.ID, e.ID, lessons.Meaning{As: lessons.MeantProduct, Target: "TIRAMISU", Words: "wuzzle", Actor: "staff-1"})
			return err
		})
		if offered, _, err := w.Lessons.Suggestions(t.Context(), w.Merchant.ID, "", 10); err != nil || len(offered) != 1 || offered[0].Words != "wuzzle" {
			t.Error(offered, err)
		}
		if e, err := judge(list[1].ID, lessons.ByEmbedded); err != nil || e.ID != "" {
			t.Error("a right reading is listed as misunderstood", e, err)
		}
		open, _, err := w.Lessons.Disagreements(t.Context(), w.Merchant.ID, lessons.DisagreementFilter{Open: true, Limit: 50})
		if err != nil || len(open) != 0 {
			t.Error(open, err)
		}
		if others, _, err := w.Lessons.Disagreements(t.Context(), "mer_other", lessons.DisagreementFilter{Limit: 50}); err != nil || len(others) != 0 {
			t.Error(others, err)
		}
		if _, _, _, err := w.Lessons.OpenDisagreement(t.Context(), "mer_other", list[0].ID, "staff-1"); !errors.Is(err, lessons.ErrNoDisagreement) {
			t.Error("another shop's disagreement is shown", err)
		}
	})
}
