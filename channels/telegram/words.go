package telegram

import "strings"

// words are the few that Telegram shows around a payment, which the shop's own words never reach.
type words struct{ dead, later, shipping, tax, discount, goods string }

// wordsOf gives them in a person's language; English stands for every other.
func wordsOf(language string) words {
	code, _, _ := strings.Cut(strings.ToLower(language), "-")
	switch code {
	case "es":
		return words{"Este pedido ya no se puede pagar aquí: ha caducado, ha cambiado o ya está pagado. No se ha cobrado nada.",
			"Ahora mismo no podemos comprobar este pedido. No se ha cobrado nada; inténtalo de nuevo en un momento.", "Envío", "Impuestos", "Descuento", "Artículos"}
	case "pt":
		return words{"Este pedido já não pode ser pago aqui: expirou, mudou ou já está pago. Nada foi cobrado.",
			"Agora não conseguimos verificar este pedido. Nada foi cobrado; tente de novo em instantes.", "Entrega", "Impostos", "Desconto", "Itens"}
	case "de":
		return words{"Diese Bestellung kann hier nicht mehr bezahlt werden: Sie ist abgelaufen, geändert oder schon bezahlt. Es wurde nichts abgebucht.",
			"Die Bestellung lässt sich gerade nicht prüfen. Es wurde nichts abgebucht; bitte gleich noch einmal versuchen.", "Lieferung", "Steuer", "Rabatt", "Artikel"}
	case "fr":
		return words{"Cette commande ne peut plus être payée ici : elle a expiré, changé ou est déjà payée. Rien n’a été débité.",
			"Impossible de vérifier cette commande pour le moment. Rien n’a été débité ; réessayez dans un instant.", "Livraison", "Taxes", "Remise", "Articles"}
	case "id":
		return words{"Pesanan ini tidak bisa lagi dibayar di sini: sudah kedaluwarsa, berubah, atau sudah dibayar. Tidak ada dana yang ditarik.",
			"Pesanan ini belum bisa diperiksa. Tidak ada dana yang ditarik; silakan coba lagi sebentar lagi.", "Pengiriman", "Pajak", "Diskon", "Barang"}
	}
	return words{"This order cannot be paid here any more: it has expired, changed, or is paid already. Nothing was taken.",
		"This order cannot be checked right now. Nothing was taken; please try again in a moment.", "Delivery", "Tax", "Discount", "Items"}
}
