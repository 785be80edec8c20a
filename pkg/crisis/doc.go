// Package crisis is the domain: Onyo's words as types, its state machines and
// its pure rules. It does no I/O and reads no clock.
//
// # Glossary
//
// Code, API, database and manual use these words and no others.
//
//   - channel: a configured way in and often out ("twilio-main"). Its kind is
//     the code behind it ("sms.twilio"); the code is an adapter.
//   - message: one thing received or sent on a channel, kept as it came.
//   - source: who spoke: whoever is behind an address on a channel. The address
//     lies sealed; people see a pseudonym.
//   - report: what one source says happened. Corrections and follow-ups are
//     versions of it, never second reports.
//   - incident: what happened in the world: one or more reports of it. What
//     volunteers verify.
//   - assessment: one person's judgement of an incident, with reason and
//     evidence. Verification is the status that follows.
//   - evidence: media, link or note with digest and provenance.
//   - hotspot: a dense group of verified incidents in space and time, or one
//     grave one, with an identity that lasts.
//   - cluster: points drawn together at one zoom. Says nothing about the world.
//   - location: a point, its uncertainty in metres, how it was found, admin
//     codes; optionally a line or polygon.
//   - place: an entry of the gazetteer.
//   - category: what kind of thing; a report or incident may have several.
//   - form: a versioned list of typed questions; its answers belong to a report
//     version.
//   - phase: ongoing or over: whether it still happens, apart from whether it
//     is true.
//   - geofence, alert: an area somebody watches; what they are told.
//   - ledger: the ordered, append-only record of every change.
//   - projection: the blurred public copy that strangers read from.
//   - profile: how much the public may see: open, guarded, hidden.
//   - deployment: one running Onyo: one crisis, one database, one ledger origin.
//
// Sealed always means encrypted. An event is something a state machine takes,
// never something that happened in the world.
package crisis
