package bench

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
)

// floor is the least that a server with Gin and database/sql must do: no keys, no taxes, no holds, no promises. It is
// something to read the product's numbers against, not something to sell with.
type floor struct {
	db       *sql.DB
	merchant string
	lines    atomic.Int64
}

// serveFloor serves until it is killed.
func serveFloor(l net.Listener, url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(clients)
	db.SetMaxIdleConns(clients)
	f := &floor{db: db}
	if err := db.QueryRow("select id from merchants").Scan(&f.merchant); err != nil {
		return err
	}
	if _, err := db.Exec("create table if not exists floor_events (id text primary key, body text not null)"); err != nil {
		return err
	}
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.GET("/readyz", func(c *gin.Context) { c.Status(http.StatusOK) })
	r.GET("/products", f.list)
	r.POST("/carts/:id/lines", f.addLine)
	r.POST("/carts/:id/checkout", f.checkout)
	r.POST("/hook", f.hook)
	return http.Serve(l, r)
}

// answer ends a request; a failure shows in the load's log.
func answer(c *gin.Context, status int, body any, err error) {
	if err != nil {
		c.String(http.StatusInternalServerError, "%v", err)
		return
	}
	c.JSON(status, body)
}

type floorProduct struct {
	ID       string `json:"id"`
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	About    string `json:"description"`
	Price    int64  `json:"price"`
	Currency string `json:"currency"`
	Stock    *int64 `json:"stock"`
}

func (f *floor) list(c *gin.Context) {
	out := make([]floorProduct, 0, 20)
	rows, err := f.db.QueryContext(c, `select p.id, p.sku, p.name, p.description, p.price, p.currency, v.on_hand - v.held
		from products p join variants v on v.merchant_id = p.merchant_id and v.product_id = p.id
		where p.merchant_id = $1 and p.id > $2 and p.archived_at is null and v.archived_at is null order by p.id limit 20`, f.merchant, c.Query("after"))
	if err != nil {
		answer(c, 0, nil, err)
		return
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var p floorProduct
		if err = rows.Scan(&p.ID, &p.SKU, &p.Name, &p.About, &p.Price, &p.Currency, &p.Stock); err != nil {
			break
		}
		out = append(out, p)
	}
	answer(c, http.StatusOK, gin.H{"data": out}, err)
}

func (f *floor) addLine(c *gin.Context) {
	var in struct {
		SKU      string `json:"sku"`
		Quantity int64  `json:"quantity"`
	}
	err := json.NewDecoder(c.Request.Body).Decode(&in)
	if err == nil {
		_, err = f.db.ExecContext(c, `insert into cart_lines (merchant_id, cart_id, id, sku, quantity, fingerprint, position)
			values ($1, $2, $5, $3, $4, $3, 1) on conflict (merchant_id, cart_id, fingerprint)
			do update set quantity = least(cart_lines.quantity + excluded.quantity, 999)`, f.merchant, c.Param("id"), in.SKU, in.Quantity, strconv.FormatInt(f.lines.Add(1), 10))
	}
	answer(c, http.StatusCreated, gin.H{"sku": in.SKU, "quantity": in.Quantity}, err)
}

func (f *floor) checkout(c *gin.Context) {
	tx, err := f.db.BeginTx(c, nil)
	if err != nil {
		answer(c, 0, nil, err)
		return
	}
	defer func() { _ = tx.Rollback() }()
	order, total, err := f.order(c, tx, c.Param("id"))
	if err == nil {
		err = tx.Commit()
	}
	answer(c, http.StatusCreated, gin.H{"order": order, "total": total}, err)
}

type floorLine struct {
	variant, sku, name string
	quantity, price    int64
}

// order reads the lines with their prices, takes the stock, and writes the order and its lines down.
func (f *floor) order(c *gin.Context, tx *sql.Tx, cart string) (order string, total int64, err error) {
	rows, err := tx.QueryContext(c, `select v.id, v.sku, p.name, l.quantity, p.price from cart_lines l
		join variants v on v.merchant_id = l.merchant_id and v.sku = l.sku join products p on p.merchant_id = v.merchant_id and p.id = v.product_id
		where l.merchant_id = $1 and l.cart_id = $2 order by v.id`, f.merchant, cart)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = rows.Close() }()
	var lines []floorLine
	for rows.Next() {
		var l floorLine
		if err := rows.Scan(&l.variant, &l.sku, &l.name, &l.quantity, &l.price); err != nil {
			return "", 0, err
		}
		lines, total = append(lines, l), total+l.quantity*l.price
	}
	order, now := "floor"+cart, time.Now()
	if _, err := tx.ExecContext(c, `insert into orders (merchant_id, id, number, status, cart_id, currency, subtotal, tax, tax_inclusive, shipping, discount, total, hash, created_at, updated_at)
		values ($1, $2, $2, 'awaiting_payment', $3, 'EUR', $4, 0, true, 0, 0, $4, '', $5, $5)`, f.merchant, order, cart, total, now); err != nil {
		return "", 0, err
	}
	for i, l := range lines {
		if _, err := tx.ExecContext(c, `insert into order_lines (merchant_id, order_id, id, sku, variant_id, name, quantity, unit_price, total, kind, position)
			values ($1, $2, $3, $3, $4, $5, $6, $7, $8, '', $9)`, f.merchant, order, l.sku, l.variant, l.name, l.quantity, l.price, l.price*l.quantity, i); err != nil {
			return "", 0, err
		}
	}
	for _, l := range lines {
		if _, err := tx.ExecContext(c, "update variants set on_hand = on_hand - $1 where merchant_id = $2 and id = $3 and on_hand >= $1", l.quantity, f.merchant, l.variant); err != nil {
			return "", 0, err
		}
	}
	return order, total, nil
}

// hook is a webhook that is signed, read and written down once.
func (f *floor) hook(c *gin.Context) {
	raw, err := io.ReadAll(c.Request.Body)
	if err != nil {
		answer(c, 0, nil, err)
		return
	}
	if !hmac.Equal([]byte(c.GetHeader("X-Hub-Signature-256")), []byte(signature(raw))) {
		c.Status(http.StatusUnauthorized)
		return
	}
	var in struct {
		Entry []struct {
			Changes []struct {
				Value struct {
					Messages []struct {
						ID   string `json:"id"`
						From string `json:"from"`
						Text struct {
							Body string `json:"body"`
						} `json:"text"`
					} `json:"messages"`
				} `json:"value"`
			} `json:"changes"`
		} `json:"entry"`
	}
	if err = json.Unmarshal(raw, &in); err == nil {
		_, err = f.db.ExecContext(c, "insert into floor_events (id, body) values ($1, $2) on conflict do nothing", in.Entry[0].Changes[0].Value.Messages[0].ID, string(raw))
	}
	answer(c, http.StatusOK, gin.H{}, err)
}

// signature is how Meta signs a body.
func signature(raw []byte) string {
	mac := hmac.New(sha256.New, []byte(appSecret))
	mac.Write(raw)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
