/**
 * Mail that asks something of the main person: clients, deadlines, open questions. Data only;
 * everyone and everything in it is invented.
 */
import type { SeedThread } from './seed-mail.ts';

const clients = ['Label_1'];
const day = 24;

/** Threads with clients and threads that wait for an answer. */
export const openThreads: readonly SeedThread[] = [
  {
    subject: 'Acme renewal: decision needed today',
    labels: [...clients, 'IMPORTANT'],
    unread: true,
    messages: [
      {
        from: 'nora',
        hoursAgo: 3 * day,
        text: 'Hi Alex,\n\nour board meets on Thursday and wants to see the renewal offer before that. Could you send the revised price for 240 seats?\n\nNora',
      },
      {
        from: 'alex',
        hoursAgo: 3 * day - 4,
        text: 'Hi Nora, I will check with Dana and come back with a number. Is the two-year term still an option?\n\nAlex',
      },
      {
        from: 'nora',
        hoursAgo: 2 * day,
        text: 'Two years is fine if the price stays below 38 EUR per seat and month. Anything above needs a new approval on our side.\n\nNora',
      },
      {
        from: 'nora',
        hoursAgo: 2,
        text: 'Alex, this is urgent now: I need the final number by 17:00 today, otherwise the renewal slips to next quarter. Can you confirm?\n\nNora',
      },
    ],
  },
  {
    subject: 'Acme open support cases',
    labels: clients,
    messages: [
      {
        from: 'bob',
        hoursAgo: 6 * day,
        text: 'Alex, three cases are open for Acme: SSO loop (fix in test), slow exports (needs a date), invoice mismatch (with Maria). Nora asked about the exports twice.\n\nBob',
      },
      {
        from: 'alex',
        hoursAgo: 6 * day - 2,
        text: 'Thanks. Please give me a date for the exports before the quarterly review.',
      },
      {
        from: 'bob',
        hoursAgo: 4 * day,
        text: 'Exports: the fix ships with the release on Friday. I would promise the Monday after.\n\nBob',
      },
    ],
  },
  {
    subject: 'Agenda for the Acme quarterly review',
    labels: clients,
    messages: [
      {
        from: 'nora',
        cc: ['bob'],
        hoursAgo: 5 * day,
        text: 'Dear both,\n\nfor the review I would like to cover: usage since summer, the export problem, the roadmap for audit logs, and the renewal. One hour should do.\n\nNora',
        attachments: [
          {
            name: 'acme-usage.csv',
            type: 'text/csv',
            content:
              'month,active_seats,exports\n2026-08,181,402\n2026-09,197,455\n2026-10,214,610\n',
          },
        ],
      },
      {
        from: 'alex',
        cc: ['bob'],
        hoursAgo: 5 * day - 3,
        text: 'Works for us. Bob will present the export fix.\n\nAlex',
      },
      {
        from: 'bob',
        to: ['nora'],
        cc: ['alex'],
        hoursAgo: 4 * day - 5,
        text: 'Confirmed. I bring the numbers on export times.\n\nBob',
      },
    ],
  },
  {
    subject: 'Can we meet next week with Carla?',
    unread: true,
    messages: [
      {
        from: 'bob',
        cc: ['carla'],
        hoursAgo: 20,
        text: 'Hi Alex,\n\nCarla and I need 30 minutes with you next week on the hiring plan. Tuesday or Thursday would be best for me. Could you suggest a time?\n\nBob',
      },
      {
        from: 'carla',
        to: ['alex', 'bob'],
        hoursAgo: 18,
        text: 'Not after 16:30 on Tuesday or Thursday, please: school run. Any other time works.\n\nCarla',
      },
    ],
  },
  {
    subject: 'Budget draft: two questions',
    unread: true,
    messages: [
      {
        from: 'maria',
        hoursAgo: 30,
        text: 'Alex,\n\n1) May I book the Hamburg trip on cost centre 4110?\n2) Is the training budget for the second half still 12,000 EUR?\n\nI need your answer before I close the draft on Friday.\n\nMaria',
        attachments: [
          {
            name: 'budget-draft.csv',
            type: 'text/csv',
            content: 'item,eur\ntraining,12000\ntravel,8400\ntools,15300\n',
          },
        ],
      },
    ],
  },
  {
    subject: 'Interview feedback: Yuki Mori',
    messages: [
      {
        from: 'carla',
        cc: ['bob'],
        hoursAgo: 4 * day,
        text: 'My notes are in. Strong on distributed systems, a little quiet in the group round. I lean to yes. Alex, what is your view?\n\nCarla',
      },
      {
        from: 'bob',
        to: ['carla'],
        cc: ['alex'],
        hoursAgo: 4 * day - 1,
        text: 'Yes from me.\n\nBob',
      },
      {
        from: 'alex',
        to: ['carla', 'bob'],
        hoursAgo: 3 * day,
        text: 'Yes as well. Carla, please prepare the offer.\n\nAlex',
      },
    ],
  },
  {
    subject: 'Thank you for the interview',
    messages: [
      {
        from: 'yuki',
        hoursAgo: 3 * day,
        text: 'Dear Mr Morgan,\n\nthank you for the conversation. When may I expect to hear from you? I have another offer that I must answer by the end of next week.\n\nYuki Mori',
      },
    ],
  },
  {
    subject: 'Mutual NDA with Northwind',
    unread: true,
    messages: [
      {
        from: 'ines',
        hoursAgo: 28,
        text: 'Dear Alex,\n\nattached is the marked-up NDA. Two points are open: the term (we suggest three years) and the venue. Please tell me whether I may accept Hamburg.\n\nInes Duarte\nLumen Legal',
        attachments: [
          {
            name: 'nda-northwind-v3.txt',
            type: 'text/plain',
            content:
              'MUTUAL NON-DISCLOSURE AGREEMENT\n\n7. Term: [two] three years.\n11. Venue: [Berlin] Hamburg.\n',
          },
        ],
      },
    ],
  },
  {
    subject: 'Northwind pitch on Wednesday',
    messages: [
      {
        from: 'victor',
        hoursAgo: 8 * day,
        text: 'Hello Alex, we would love an hour next Wednesday to show you our new platform.\n\nVictor Lang',
      },
      {
        from: 'alex',
        hoursAgo: 8 * day - 6,
        text: 'Hello Victor, thank you, but not this quarter.\n\nAlex',
      },
      {
        from: 'victor',
        hoursAgo: 7 * day,
        text: 'Understood! I leave the slot in your calendar in case you change your mind.\n\nVictor',
      },
    ],
  },
  {
    subject: 'Catering for the off-site',
    unread: true,
    messages: [
      {
        from: 'oscar',
        hoursAgo: 50,
        text: 'Dear Mr Morgan,\n\nfor the off-site I need by Monday: number of vegetarians, allergies, and whether dinner on the first day is included.\n\nOscar Brandt',
      },
    ],
  },
  {
    subject: 'Release notes for Friday',
    messages: [
      {
        from: 'tom',
        hoursAgo: 2 * day + 2,
        text: 'Draft is in the wiki. I will publish on Friday at noon unless someone objects.\n\nTom',
      },
      {
        from: 'priya',
        to: ['tom'],
        cc: ['alex'],
        hoursAgo: 2 * day + 1,
        text: 'Please add the export fix, Acme waits for it.\n\nPriya',
      },
      { from: 'tom', to: ['priya'], cc: ['alex'], hoursAgo: 2 * day, text: 'Added.\n\nTom' },
    ],
  },
];
