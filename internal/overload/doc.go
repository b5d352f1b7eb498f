// Package overload decides what to do when a provider itself is in trouble: it
// answers 529, 503 or another 5xx, or cannot be reached. That is no key's
// fault, so no key rests for it and no other key helps; what helps is to come
// back later, and not all at once.
//
// Three parts, each usable by itself, share the work:
//
//   - [Throttle] refuses calls here that the provider would most likely refuse
//     there, in proportion to how many it has refused lately.
//   - [Budget] bounds how many retries the gateway adds to its clients' requests.
//   - [Backoff] says how long to wait before a retry.
//
// [Guard] puts them together for one request. A caller's loop over one target:
//
//	try, err := guard.Begin(overload.Target{Pool: pool, Model: model}, clientRetry)
//	if err != nil {
//		return err // the next target may do better
//	}
//	for {
//		fault := send()
//		if fault == nil {
//			try.Accepted()
//			return nil
//		}
//		wait, again, why := try.Next(fault, remaining())
//		if !again {
//			log(why)
//			return fault
//		}
//		sleep(wait)
//	}
//
// Faults of other kinds (a limited key, a wrong request) may be given to Next
// too: it counts none of them and leaves them to the caller.
//
// All state is this process's own, so on Lambda each instance learns for itself,
// and the bounds are bounds for each. To share it would cost every request a
// write while the provider is well, and save only calls that are not billed.
package overload
