/**
 * Everyday mail among colleagues, most of it settled. Data only; everyone and everything in it is
 * invented.
 */
import type { SeedThread } from './seed-mail.ts';

const day = 24;

/** Threads of the daily work. */
export const workThreads: readonly SeedThread[] = [
  {
    subject: 'Incident 118: slow exports',
    labels: ['IMPORTANT'],
    messages: [
      {
        from: 'kenji',
        to: ['bob'],
        cc: ['alex'],
        hoursAgo: 9 * day,
        text: 'Exports above 50,000 rows time out. Cause: a missing index after the migration. A fix is in review.\n\nKenji',
      },
      {
        from: 'bob',
        to: ['kenji'],
        cc: ['alex'],
        hoursAgo: 9 * day - 2,
        text: 'Reviewed and approved.\n\nBob',
      },
      {
        from: 'kenji',
        to: ['bob'],
        cc: ['alex'],
        hoursAgo: 8 * day,
        text: 'In test since this morning. Median time went from 94 s to 3 s.\n\nKenji',
      },
    ],
  },
  {
    subject: 'Pricing for two-year terms',
    labels: ['IMPORTANT'],
    messages: [
      {
        from: 'dana',
        hoursAgo: 2 * day - 6,
        text: 'Alex, for two years I can go down to 36.50 EUR per seat for 200 seats and more. Below that I need the board.\n\nDana',
      },
      {
        from: 'alex',
        hoursAgo: 2 * day - 8,
        text: 'Good, that fits Acme. Keep this between us until Thursday, please.\n\nAlex',
      },
    ],
  },
  {
    subject: 'Board meeting pre-read',
    unread: true,
    messages: [
      {
        from: 'dana',
        cc: ['maria'],
        hoursAgo: 10,
        text: 'Alex, could you send me the pre-read by Friday next week? Last time the board got it the evening before.\n\nDana',
      },
    ],
  },
  {
    subject: 'Moving our 1:1',
    messages: [
      {
        from: 'bob',
        hoursAgo: 26,
        text: 'I moved nothing, but could we do Tuesday at 16:00 instead of 14:00 next week? Audit preparation.\n\nBob',
      },
      { from: 'alex', hoursAgo: 25, text: 'Done.' },
    ],
  },
  {
    subject: 'Roadmap questions from the west coast',
    messages: [
      {
        from: 'lena',
        hoursAgo: 5 * day,
        text: 'Two customers ask for audit logs, one for regional storage. Which can I promise for the first half of the year?\n\nLena',
      },
      {
        from: 'alex',
        cc: ['priya'],
        hoursAgo: 5 * day - 1,
        text: 'Audit logs yes, regional storage no. Priya can give you the dates.\n\nAlex',
      },
      {
        from: 'priya',
        to: ['lena'],
        cc: ['alex'],
        hoursAgo: 4 * day + 9,
        text: 'Audit logs: beta in March.\n\nPriya',
      },
    ],
  },
  {
    subject: 'Design critique moves to Wednesdays',
    archived: true,
    messages: [
      { from: 'tom', hoursAgo: 20 * day, text: 'For your information, no answer needed.\n\nTom' },
    ],
  },
  {
    subject: 'Office keys',
    archived: true,
    messages: [
      { from: 'sam', hoursAgo: 25 * day, text: 'The new keys are at the front desk.\n\nSam' },
      { from: 'alex', hoursAgo: 25 * day - 1, text: 'Thank you!' },
    ],
  },
];
