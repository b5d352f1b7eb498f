package redact

// The lengths of card numbers (ISO/IEC 7812; those in use have 13 and more).
const (
	minCard = 13
	maxCard = 19
)

// cards finds numbers of payment cards: 13 to 19 digits, in groups with one
// blank or hyphen between them or in one, of which the first is 2 to 6 and the
// last is right by Luhn's formula. A number begins and ends with a group: digits
// amid a longer row of them are no card, and one in ten of all rows is right.
func cards(text string, yield func(from, to int)) {
	for at := 0; at < len(text); {
		if !isDigit(text[at]) {
			at++
			continue
		}
		if to := cardAt(text, at); to > 0 {
			yield(at, to)
		}
		for at < len(text) && isDigit(text[at]) {
			at++
		}
	}
}

// cardAt returns where the longest card number that begins at from ends; 0 if
// there is none.
func cardAt(text string, from int) (end int) {
	if text[from] < '2' || text[from] > '6' {
		return 0
	}
	var digits [maxCard]byte
	n := 0
	for at := from; at < len(text); at++ {
		switch {
		case isDigit(text[at]) && n < maxCard:
			digits[n] = text[at]
			n++
		case isDigit(text[at]), text[at] != ' ' && text[at] != '-', !isDigit(text[at-1]):
			return end
		}
		endsGroup := at+1 == len(text) || !isDigit(text[at+1])
		if isDigit(text[at]) && endsGroup && n >= minCard && luhn(digits[:n]) {
			end = at + 1
		}
	}
	return end
}

// luhn reports whether the last digit is the check digit of the others.
func luhn(digits []byte) bool {
	sum := 0
	for i, c := range digits {
		d := int(c - '0')
		if (len(digits)-i)%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
