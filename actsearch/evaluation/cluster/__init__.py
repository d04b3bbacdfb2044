"""Evaluation on the machines of a Ray cluster, one job a module:

pieces      the queue: who has what to do, tries, what is given up
slots       where workers have their places
worker      the process that evaluates
crew        hires workers, refuses machines
pool        gives out pieces, gathers results
evaluator   RayEvaluator
connection  to the cluster
faults      what went wrong
"""
