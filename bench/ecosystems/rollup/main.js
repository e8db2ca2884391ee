import semver from 'semver'
import { greeting } from './data.json'

console.log(greeting, semver.inc('1.2.3', 'minor'))
