MODULES = {}


class ModuleEntry:
    pass
