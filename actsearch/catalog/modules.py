MODULES = {}
class ModuleEntry: pass
