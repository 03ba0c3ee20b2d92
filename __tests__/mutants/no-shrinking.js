'use strict'

const fc = require('fast-check')

// That a property fails is all that is asked here: nobody reads its smallest case.
fc.configureGlobal({ endOnFailure: true })
