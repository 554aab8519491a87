package standin

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1" //nolint:gosec // WeChat's digest
	"encoding/hex"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"time"
)

func (s *Server) certificates() (any, error) {
	s.mu.Lock()
	list := append([]certificate(nil), s.certs...)
	s.mu.Unlock()
	if len(list) == 0 {
		return nil, problem{http.StatusNotFound, "NO_CERTIFICATE", "this merchant uses the public key"}
	}
	var data []object
	for _, c := range list {
		data = append(data, object{"serial_no": c.serial, "effective_time": s.Now().Format(time.RFC3339), "expire_time": c.until.Format(time.RFC3339),
			"encrypt_certificate": s.seal(c.pem, "certificate")})
	}
	return object{"data": data}, nil
}

// feePPM is what WeChat keeps: 0.60 %.
const feePPM = 6000

func fee(amount int64) int64 { return (amount*feePPM + 500_000) / 1_000_000 }

func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d", sign, fen/100, fen%100)
}

const billHead = "\ufeff交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额," +
	"微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n"

// billOf writes the bill of a day as WeChat does.
func (s *Server) billOf(day string) []byte {
	zone := time.FixedZone("", 8*3600)
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	line := func(at time.Time, o *order, state, refundID, refundNo string, back int64, refundState string, fee int64) {
		if at.In(zone).Format(time.DateOnly) != day {
			return
		}
		total := o.total
		if refundID != "0" {
			total = 0
		}
		lines = append(lines, "`"+strings.Join([]string{at.In(zone).Format(time.DateTime), s.AppID, s.MchID, "0", "", o.transaction, o.number, "oStandInPayer", "NATIVE", state,
			"OTHERS", "CNY", yuan(total), "0.00", refundID, refundNo, yuan(back), "0.00", "", refundState, o.description, "", yuan(fee) + "000", "0.60%",
			yuan(total), yuan(back), ""}, ",`")+"\r\n")
	}
	for _, o := range s.orders {
		if !o.paid.IsZero() {
			line(o.paid, o, "SUCCESS", "0", "0", 0, "", fee(o.total))
		}
	}
	for _, r := range s.refunds {
		line(r.made, r.order, "REFUND", r.id, r.number, r.amount, r.status, -fee(r.amount))
	}
	if len(lines) == 0 {
		return nil
	}
	sort.Strings(lines)
	return []byte(billHead + strings.Join(lines, "") + "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n" +
		fmt.Sprintf("`%d,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00\r\n", len(lines)))
}

func (s *Server) bill(r *http.Request) (any, error) {
	day := r.URL.Query().Get("bill_date")
	at, err := time.ParseInLocation(time.DateOnly, day, time.FixedZone("", 8*3600))
	if err != nil || s.Now().Sub(at) > 92*24*time.Hour {
		return nil, param("bill_date")
	}
	if s.Now().Before(at.Add(34 * time.Hour)) {
		return nil, problem{http.StatusBadRequest, "STATEMENT_CREATING", "from ten o'clock of the next day"}
	}
	text := s.billOf(day)
	if text == nil {
		return nil, problem{http.StatusBadRequest, "NO_STATEMENT_EXIST", "no trade on this day"}
	}
	sum := sha1.Sum(text) //nolint:gosec // WeChat's digest
	return object{"hash_type": "SHA1", "hash_value": hex.EncodeToString(sum[:]),
		"download_url": "http://" + r.Host + "/v3/billdownload/file?token=" + day + "&tartype=" + r.URL.Query().Get("tar_type")}, nil
}

// download gives a bill; its answer is not signed, the digest stands for it.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	if err := s.check(r, nil); err != nil {
		s.answer(w, Fault{}, nil, err)
		return
	}
	text := s.billOf(r.URL.Query().Get("token"))
	if s.fault().Forged {
		text = append(text, ' ')
	}
	if r.URL.Query().Get("tartype") == "GZIP" {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(text) // a buffer takes all
		_ = z.Close()
		text = b.Bytes()
	}
	_, _ = w.Write(text) // who asked may have left
}
