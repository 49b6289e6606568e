/**
 * Splits a goal into clauses and says what each one asks for. Only the person's own words come here;
 * text that others wrote is never understood as a wish.
 */

/** What a clause asks for. */
export type IntentKind =
  | 'meet'
  | 'propose'
  | 'time_reply'
  | 'block'
  | 'remind'
  | 'invite'
  | 'move'
  | 'cancel'
  | 'agenda'
  | 'respond'
  | 'hold'
  | 'release'
  | 'mail'
  | 'triage'
  | 'reply'
  | 'write'
  | 'organise'
  | 'tone'
  | 'research'
  | 'page'
  | 'unknown';

/** One clause with what it asks for. */
export type Intent = {
  readonly kind: IntentKind;
  readonly text: string;
  /** A draft instead of a sent mail. */
  readonly draft: boolean;
  /** Put it into the calendar, rather than only look. */
  readonly book: boolean;
};

const imperatives =
  'triage|sort|find|look|invite|book|schedule|set up|arrange|organi[sz]e|plan|block|reserve|create|add|put|move|' +
  'reschedule|shift|push|postpone|cancel|call off|delete|reply|respond|answer|write|draft|send|email|' +
  'mail|tell|let|notify|inform|ask|remind|share|forward|archive|label|tag|mark|learn|summari[sz]e|sum up|research|' +
  'brief|read|show|list|check|give|propose|suggest|prepare|thank|accept|decline|turn down|tentatively accept|hold|release';
const boundary = new RegExp(
  `(?:[.;!?]\\s+|,?\\s+(?:and then|and also|then|and|,)\\s+|,\\s+)(?=(?:please |also |then )?(?:${imperatives})\\b)`,
  'i',
);

const rules: readonly (readonly [IntentKind, RegExp])[] = [
  ['page', /\b(?:read|open|summari[sz]e|look at)\b.*\bhttps?:\/\//i],
  [
    'invite',
    /^(?:invite (?:them|him|her|both|everyone|all)|(?:send|mail) (?:them |him |her |everyone )?(?:an? |the )?(?:calendar )?invit|book (?:it|that|the (?:slot|time|first|best))|put it (?:in|on)|add it to|schedule it|create the (?:event|meeting))/i,
  ],
  ['triage', /\btriage\b|\bsort (?:out )?my (?:inbox|e-?mails?|mails?)\b/i],
  ['mail', /^find out (?:what|whether|if)\b.*\b(?:say|said|write|written|wrote|mail|asked)\b/i],
  [
    'agenda',
    /^(?:what|which|when|show|list|how many|do i|am i|is there)\b.*\b(?:calendar|schedule|agenda|meetings?|events?|appointments?|have|free|busy)\b/i,
  ],
  ['cancel', /\b(?:cancel|call off|delete|scrap|remove)\b/i],
  ['move', /\b(?:move|reschedule|shift|push|postpone|bring forward)\b/i],
  ['reply', /\b(?:reply|respond|answer|draft a (?:reply|response|answer))\b/i],
  [
    'research',
    /\b(?:research|brief me|briefing|look into|investigate|find out|background (?:on|about)|what is known about|search the (?:web|internet)|report on)\b/i,
  ],
  [
    'mail',
    /\b(?:unread|inbox)\b|\bwhat (?:did|does|has|have|do)\b.*\b(?:say|said|write|written|wrote|want|wants|ask|asked|think)\b|\b(?:summari[sz]e|sum up|digest|recap|find|search|show|list|check|read|catch me up on|any)\b.*\b(?:e-?mails?|mails?|messages?|threads?)\b/i,
  ],
  [
    'block',
    /^(?:please )?(?:can you |could you )?(?:block|reserve|keep|hold|protect)\b|\b(?:to|in|on) my calendar\b|\bfocus time\b|\bcreate an? (?:event|reminder|entry)\b/i,
  ],
  [
    'agenda',
    /\b(?:what|which|when|show|list|how many|how does|summari[sz]e|give me|do i|am i|is there)\b.*\b(?:calendar|schedule|agenda|meetings?|events?|appointments?|have|on|free|busy|happening|day|week)\b/i,
  ],
  [
    'meet',
    /\b(?:find|look for|get|need|want|schedule|set up|arrange|book|organi[sz]e|plan|make|fix|suggest|propose|meet|when can)\b.*(?:\btimes?\b|\bslots?\b|\bminutes?\b|\bmins?\b|\bhours?\b|\bmeet|\bcalls?\b|\bchat\b|\bsync\b|\b1:1\b|\bsession\b|\breview\b|\binterview\b|\blunch\b|\bcoffee\b|\bdinner\b|\bcatch-?up\b|\bworkshop\b|\bappointment\b|\bstand-?up\b|\bretro|\bkick-?off\b|\bwith\b)/i,
  ],
  [
    'write',
    /\b(?:write|send|e-?mail|mail|tell|let .+ know|notify|inform|ask|remind|share|forward|thank|draft|message)\b/i,
  ],
];

/** Reads a goal, clause by clause. */
export function understand(goal: string): readonly Intent[] {
  const clauses = goal
    .replaceAll(/\bw\/(?=\s)/gi, 'with')
    .replaceAll(/\s&\s/g, ' and ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .split(boundary)
    .map((clause) => clause.trim().replace(/[.!?,;]+$/, ''))
    .filter((clause) => clause !== '');
  return clauses.reduce<Intent[]>((intents, clause) => {
    const intent = intentOf(clause);
    const before = intents.at(-1);
    const said = /^(?:tell|let|ask|thank) (?:him|her|them)(?: know)?(?: that)?\s*(.*)$/i.exec(
      intent.text,
    );
    // "Choose the hold on Tuesday and invite Carla" is one choice.
    if (before?.kind === 'release' && /^invite\b/i.test(intent.text)) {
      return [...intents.slice(0, -1), { ...before, text: `${before.text} and ${intent.text}` }];
    }
    // "Reply to Nora and tell her we accept" is one mail.
    if (before?.kind !== 'reply' || said === null) return [...intents, intent];
    return [...intents.slice(0, -1), { ...before, text: `${before.text} that ${said[1] ?? ''}` }];
  }, []);
}

function intentOf(clause: string): Intent {
  const text = clause
    .replace(/^(?:please|kindly|then|also|and)\s+/i, '')
    .replace(/^(?:can|could|would|will) you (?:please )?/i, '')
    .replace(/^i(?:'d| would) like (?:you )?to /i, '');
  const kind = firstVerb(text) ?? rules.find(([, rule]) => rule.test(text))?.[0] ?? 'unknown';
  return {
    kind,
    text,
    draft: /\bdrafts?\b/i.test(text) && (kind === 'reply' || kind === 'write'),
    book: !/^(?:find|look for|suggest|propose|when|check|give)\b/i.test(text),
  };
}

/** A clause that starts with writing to somebody stays that, whatever it tells them. */
function firstVerb(text: string): IntentKind | undefined {
  if (
    /^(?:invite (?:them|him|her|both|everyone|all)|send (?:them |him |her |everyone )?(?:an? |the )?(?:calendar )?invit)/i.test(
      text,
    )
  ) {
    return 'invite';
  }
  if (/^(?:propose|offer|suggest)\b.*\b(?:times|slots|dates)\b.*\bto\b/i.test(text))
    return 'propose';
  if (/\b(?:time|slot|one|which)\b.*\b(?:chose|picked|took|accepted)\b/i.test(text)) {
    return 'time_reply';
  }
  if (/^invite\b/i.test(text)) return 'meet';
  if (/^learn (?:my (?:tone|style)|how i write)\b/i.test(text)) return 'tone';
  if (/^(?:archive|label|tag)\b/i.test(text)) return 'organise';
  if (/^mark\b.*\b(?:un)?read$/i.test(text)) return 'organise';
  if (/^(?:move|put)\b.*\bto (?:the |my )?(?:trash|bin|spam|junk|archive|inbox)$/i.test(text)) {
    return 'organise';
  }
  if (/^remind me\b/i.test(text)) return 'remind';
  if (/^(?:(?:tentatively )?accept|decline|turn down|say (?:yes|no) to)\b/i.test(text)) {
    return 'respond';
  }
  if (/^hold (?:\w+ )?(?:slots?|times?)\b/i.test(text)) return 'hold';
  if (/^(?:release|drop|free|choose|take|confirm|pick)\b.*\bholds?\b/i.test(text)) return 'release';
  if (/^(?:add|create|put)\b.*\b(?:block|entry|appointment)\b/i.test(text)) return 'block';
  if (/^summari[sz]e (?:it|this|that|them) (?:for|to)\b/i.test(text)) return 'write';
  if (/^(?:draft|write)\b.*\b(?:reply|response|answer)\b/i.test(text)) return 'reply';
  if (
    /^(?:write|send|e-?mail|mail|tell|let|notify|inform|ask|remind|share|forward|thank|draft)\b/i.test(
      text,
    )
  ) {
    return 'write';
  }
  if (/^(?:research|investigate|brief)\b/i.test(text)) return 'research';
  return undefined;
}
