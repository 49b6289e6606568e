/**
 * Mail of the main person's private account: family, school, home, leisure. Data only; everyone and
 * everything in it is invented.
 */
import type { SeedThread } from './seed-mail.ts';

const day = 24;
const jonas = 'Jonas Morgan <jonas@morgan-family.example.org>';
const school = 'Linden School Office <office@linden-school.example.org>';
const club = 'Harbour Rowing Club <crew@harbour-rowing.example.net>';
const landlord = 'Petra Voss <petra.voss@voss-homes.example.net>';

/** The threads of the private account. */
export const privateThreads: readonly SeedThread[] = [
  {
    subject: 'Parents evening on Thursday',
    unread: true,
    messages: [
      {
        from: school,
        hoursAgo: 9,
        text: 'Dear parents,\n\nthe evening is on Thursday at 18:30 in room 2.04. Please tell us by tomorrow noon whether one or both of you come.\n\nLinden School Office',
      },
    ],
  },
  {
    subject: 'Weekend at the lake',
    unread: true,
    messages: [
      {
        from: jonas,
        hoursAgo: 4 * day,
        text: 'Alex, the cabin is free on the last weekend of the month. Shall I take it?\n\nJonas',
      },
      { from: 'alex', hoursAgo: 4 * day - 2, text: 'Yes, please. Saturday to Monday if you can.' },
      {
        from: jonas,
        hoursAgo: 20,
        text: 'They want a deposit of 120 EUR by Friday. Can you send it? I have to be in Kiel.\n\nJonas',
      },
    ],
  },
  {
    subject: 'Heating in the bathroom',
    messages: [
      {
        from: 'alex',
        to: [landlord],
        hoursAgo: 6 * day,
        text: 'Dear Ms Voss,\n\nthe heating in the bathroom has been cold since Monday. Could you send someone?\n\nAlex Morgan',
      },
      {
        from: landlord,
        hoursAgo: 5 * day,
        text: 'Dear Alex Morgan,\n\nthe fitter can come on Tuesday or Wednesday between 8 and 10. Which day suits you?\n\nPetra Voss',
        attachments: [
          {
            name: 'fitter.txt',
            type: 'text/plain',
            content: 'Fitter: Krug Heating, 0431 5550142\n',
          },
        ],
      },
    ],
  },
  {
    subject: 'Dentist: your appointment',
    messages: [
      {
        from: 'Dental Practice Am Markt <praxis@zahn-am-markt.example.org>',
        hoursAgo: 3 * day,
        text: 'This is a reminder of your check-up next Friday at 07:45. Please give us 24 hours of notice if you cannot come.',
      },
    ],
  },
  {
    subject: 'Crew for the autumn regatta',
    unread: true,
    messages: [
      {
        from: club,
        hoursAgo: 30,
        text: 'We need eight rowers for the four-kilometre race. Who is in? Answers by Sunday.\n\nHarbour Rowing Club',
      },
    ],
  },
  {
    subject: 'Birthday present for Mum',
    messages: [
      {
        from: jonas,
        hoursAgo: 8 * day,
        text: 'Concert tickets or the garden bench? I lean to the bench.\n\nJonas',
      },
      { from: 'alex', hoursAgo: 8 * day - 5, text: 'The bench. I pay half.' },
    ],
  },
  {
    subject: 'Your parcel is at the shop',
    labels: ['CATEGORY_UPDATES'],
    messages: [
      {
        from: 'Parcelway <notice@parcelway.example.net>',
        hoursAgo: 2 * day,
        text: 'Parcel 7741 waits at Kiosk Feldstrasse 12 until Saturday. Bring an identity card.',
      },
    ],
  },
  {
    subject: 'Electricity: annual statement',
    labels: ['CATEGORY_UPDATES'],
    archived: true,
    messages: [
      {
        from: 'Nordlicht Power <service@nordlicht-power.example.org>',
        hoursAgo: 11 * day,
        text: 'Your statement is ready. Credit: 84.20 EUR. The new monthly rate is 61 EUR.',
        attachments: [
          {
            name: 'statement.csv',
            type: 'text/csv',
            content: 'year,kwh,eur\n2024,1810,702\n2025,1745,688\n',
          },
        ],
      },
    ],
  },
  {
    subject: 'Recipes for grey days',
    labels: ['CATEGORY_PROMOTIONS'],
    messages: [
      {
        from: 'Table Talk <hello@table-talk.example.net>',
        hoursAgo: 40,
        text: 'Soup of roasted pumpkin. Bread that forgives. Unsubscribe: https://table-talk.example.net/u',
        headers: { 'List-Unsubscribe': '<https://table-talk.example.net/u>' },
      },
    ],
  },
  {
    subject: 'You have won a holiday',
    labels: ['SPAM'],
    messages: [
      {
        from: 'Holiday Desk <win@holiday-desk.example.net>',
        hoursAgo: 50,
        text: 'Send us your bank details within 24 hours to claim your prize.',
      },
    ],
  },
];
