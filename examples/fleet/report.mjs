// A user's script: it lies anywhere, and imports what the package set allows.
import express from 'express';
import lodash from 'lodash';
import { createElement } from 'react';
import { z } from 'zod';

const { title } = z.object({ title: z.string() }).parse({ title: 'sales' });
const element = createElement('h1', null, lodash.startCase(title));
const others = await import('body-parser').then(() => 'found', (error) => error.code);
console.log(
  `lodash ${lodash.VERSION}, <${element.type}>${element.props.children}, express ${typeof express},`,
  `body-parser, which only express needs: ${others}`,
);
