import limitConnPackage = require('limit-conn')

const { limitConn, Zone } = limitConnPackage
export const policy: limitConnPackage.LimitConn = limitConn({ limit: 1, zone: new Zone({ name: 'z' }) })
