package bench

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
	"sotto.chat/orders"
)

// bareStatement is one statement of a transaction with the values that it had once.
type bareStatement struct {
	sql    string
	values []any
}

func (s bareStatement) gives() bool {
	text := strings.ToLower(s.sql)
	return strings.HasPrefix(strings.TrimSpace(text), "select") || strings.Contains(text, "returning")
}

// placeEmbedded is goal 4: Place on SQLite beside the same statements through database/sql, with the same synchronous.
func placeEmbedded(b *testing.B, l *lab) {
	w := newWorld(b, testkit.URL(b, database.SQLite))
	one := w.carts(b, 1, samePair)[0]
	r := reopen(b, w.url)
	var ord orders.Order
	list := captureBare(b, r.DB, func(tx database.Tx) (err error) {
		ord, err = r.Orders.Place(tx, w.merchant, orders.Placing{CartID: one.id, Hash: one.hash, Actor: "bench"})
		return err
	})
	say("  %s  replays %d statements", b.Name(), len(list))
	bare := openBare(b, w, one, ord, list)
	rate := map[string]float64{"product": 200, "limit": 300}
	const what = "place an order, SQLite, 16 clients"
	got := duel(b, what,
		side{"product", func(seconds float64) figures {
			list := w.carts(b, max(clients, int(rate["product"]*seconds)), anyPair)
			profiled("4_sqlite", func() { rate["product"] = w.placeAll(b, list) })
			return figures{"rate": rate["product"]}
		}},
		side{"limit", func(seconds float64) figures {
			rate["limit"] = rush(b, w.carts(b, max(clients, int(rate["limit"]*seconds)), anyPair), bare.place)
			return figures{"rate": rate["limit"]}
		}})
	l.add(row{goal: "4", what: what, unit: "/s", product: of(got[0], "rate"), limit: of(got[1], "rate"), want: 0.5, stretch: 0.8})
	w.agree(b)
}

// bareDriver replays a captured Place with prepared statements on one connection.
type bareDriver struct {
	db   *sql.DB
	list []bareStatement
	made []*sql.Stmt
	vary []varying
	used atomic.Int64

	cart, number string
}

func openBare(b *testing.B, w *world, cart readyCart, ord orders.Order, list []bareStatement) *bareDriver {
	b.Helper()
	db, err := database.Open(context.Background(), w.url, nil) // its address has the product's pragmas
	must(b, err)
	b.Cleanup(func() { _ = db.Close() })
	db.SQL.SetMaxOpenConns(1) // one writer: more would only wait for each other in SQLite
	d := &bareDriver{db: db.SQL, list: list, cart: cart.id, number: ord.Number}
	var texts []statement
	for _, s := range list {
		st, err := d.db.PrepareContext(context.Background(), s.sql)
		must(b, err)
		b.Cleanup(func() { _ = st.Close() })
		d.made = append(d.made, st)
		text := statement{}
		for _, v := range s.values {
			p := fmt.Sprint(v)
			if raw, ok := v.([]byte); ok {
				p = string(raw)
			}
			text.params = append(text.params, &p)
		}
		texts = append(texts, text)
	}
	d.vary = ids(texts, w.merchant, ord.CustomerID, cart.id)
	return d
}

// place is one transaction with the ids, the number and the goods of its own.
func (d *bareDriver) place(c readyCart) error {
	u := fmt.Sprint(firstUse + d.used.Add(1))
	one, two := anyPair()
	pairs := []string{d.cart, c.id, d.number, "U" + u[len(u)-7:]}
	for i, n := range []int{one, two} {
		for _, prefix := range []string{"SKU-", "var_"} {
			pairs = append(pairs, fmt.Sprint(prefix, firstNumber+i), fmt.Sprint(prefix, firstNumber+n))
		}
	}
	for _, v := range d.vary {
		pairs = append(pairs, v.text, v.text[:len(v.text)-digits]+u)
	}
	other := strings.NewReplacer(pairs...)
	ctx := context.Background()
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for i, s := range d.list {
		if err := d.run(ctx, tx.StmtContext(ctx, d.made[i]), s, other); err != nil {
			_ = tx.Rollback()
			return fmt.Errorf("%w: %s", err, s.sql)
		}
	}
	return tx.Commit()
}

func (d *bareDriver) run(ctx context.Context, st *sql.Stmt, s bareStatement, other *strings.Replacer) error {
	values := make([]any, len(s.values))
	for i, v := range s.values {
		switch v := v.(type) {
		case string:
			values[i] = other.Replace(v)
		case []byte:
			values[i] = []byte(other.Replace(string(v)))
		default:
			values[i] = v
		}
	}
	if !s.gives() {
		_, err := st.ExecContext(ctx, values...)
		return err
	}
	rows, err := st.QueryContext(ctx, values...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
	}
	return rows.Err()
}

// plain gives a value as the driver gets it.
func plain(v any) (any, error) {
	if valuer, ok := v.(driver.Valuer); ok {
		return valuer.Value()
	}
	return driver.DefaultParameterConverter.ConvertValue(v)
}
