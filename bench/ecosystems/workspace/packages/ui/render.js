#!/usr/bin/env node
console.log('a command of a member')
