using System;
using System.Collections.Generic;
using System.Reflection;
using System.Reflection.Emit;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>What the parts that make one function's code share: its IL, its variables, its operands, its fuel.</summary>
internal sealed class FunctionScope
{
    private const uint CanonicalNaN32 = 0x7fc00000;
    private const ulong CanonicalNaN64 = 0x7ff8000000000000;

    private readonly FunctionPlan _plan;
    private readonly LocalBuilder[] _variables;
    private readonly int _parameters;
    private readonly Dictionary<(Type Type, int Number), LocalBuilder> _temporaries = [];
    private readonly List<(Label Cold, Label Back, LocalBuilder Variable, WasmType Type)> _notNumbers = [];
    private readonly Dictionary<string, Label> _traps = [];
    private LocalBuilder? _fuel;
    private LocalBuilder? _memory;

    public FunctionScope(ModuleCompilation compilation, MethodBuilder method, FunctionType type, FunctionPlan plan, IReadOnlyList<WasmType> locals)
    {
        Compilation = compilation;
        Il = method.GetILGenerator();
        Stack = new OperandStack(Il);
        Locals = locals;
        _plan = plan;
        _parameters = type.Parameters.Count;
        _variables = new LocalBuilder[locals.Count - _parameters];
    }

    public ModuleCompilation Compilation { get; }

    public ILGenerator Il { get; }

    public OperandStack Stack { get; }

    /// <summary>Types of parameters and other locals.</summary>
    public IReadOnlyList<WasmType> Locals { get; }

    /// <summary>Sets locals to zero, and reads what the function keeps in variables of its own.</summary>
    public void EmitStart()
    {
        for (int i = 0; i < _variables.Length; i++)
        {
            WasmType type = Locals[_parameters + i];
            _variables[i] = Il.DeclareLocal(ClrTypes.Of(type));
            NumericCode.EmitConstant(Il, type, 0);
            Il.Emit(OpCodes.Stloc, _variables[i]);
        }

        if (_plan.UsesMemory)
        {
            _memory = Il.DeclareLocal(typeof(nint));
            EmitInstanceAddress(InstanceLayout.MemoryBase);
            Il.Emit(OpCodes.Ldind_I);
            Il.Emit(OpCodes.Stloc, _memory);
        }

        if (_plan.KeepsFuel)
        {
            _fuel = Il.DeclareLocal(typeof(long));
            EmitTakeFuel();
        }
    }

    /// <summary>Takes this function's part of the stack that is left.</summary>
    public void EmitStackCheck(int cost)
    {
        EmitStackLeft();
        Il.Emit(OpCodes.Ldc_I4, cost);
        Il.Emit(OpCodes.Sub);
        Il.Emit(OpCodes.Starg, (short)(_parameters + 1));
        EmitStackLeft();
        Il.Emit(OpCodes.Ldc_I4_0);
        Il.Emit(OpCodes.Blt, TrapLabel(nameof(WasmTraps.StackExhausted)));
    }

    /// <summary>Uses fuel. Where control can come back to, it is checked that some is left.</summary>
    public void EmitCost(int cost, bool isChecked)
    {
        if (cost == 0 && !isChecked)
        {
            return;
        }

        if (_fuel is not null)
        {
            Il.Emit(OpCodes.Ldloc, _fuel);
            Il.Emit(OpCodes.Ldc_I8, (long)cost);
            Il.Emit(OpCodes.Sub);
            Il.Emit(OpCodes.Stloc, _fuel);
        }
        else
        {
            EmitInstanceAddress(InstanceLayout.Fuel);
            EmitInstanceAddress(InstanceLayout.Fuel);
            Il.Emit(OpCodes.Ldind_I8);
            Il.Emit(OpCodes.Ldc_I8, (long)cost);
            Il.Emit(OpCodes.Sub);
            Il.Emit(OpCodes.Stind_I8);
        }

        if (!isChecked)
        {
            return;
        }

        if (_fuel is not null)
        {
            Il.Emit(OpCodes.Ldloc, _fuel);
        }
        else
        {
            EmitInstanceAddress(InstanceLayout.Fuel);
            Il.Emit(OpCodes.Ldind_I8);
        }

        Il.Emit(OpCodes.Ldc_I4_0);
        Il.Emit(OpCodes.Conv_I8);
        Il.Emit(OpCodes.Blt, TrapLabel(nameof(WasmTraps.OutOfFuel)));
    }

    /// <summary>Writes the fuel that is left where others find it.</summary>
    public void EmitKeepFuel()
    {
        if (_fuel is not null)
        {
            EmitInstanceAddress(InstanceLayout.Fuel);
            Il.Emit(OpCodes.Ldloc, _fuel);
            Il.Emit(OpCodes.Stind_I8);
        }
    }

    /// <summary>Reads the fuel that others left.</summary>
    public void EmitTakeFuel()
    {
        if (_fuel is not null)
        {
            EmitInstanceAddress(InstanceLayout.Fuel);
            Il.Emit(OpCodes.Ldind_I8);
            Il.Emit(OpCodes.Stloc, _fuel);
        }
    }

    /// <summary>Puts the address of a part of the instance's block on IL's stack.</summary>
    public void EmitInstanceAddress(int offset)
    {
        EmitInstance();
        if (offset != 0)
        {
            Il.Emit(OpCodes.Ldc_I4, offset);
            Il.Emit(OpCodes.Conv_I);
            Il.Emit(OpCodes.Add);
        }
    }

    public void EmitInstance() => Il.Emit(OpCodes.Ldarg, (short)_parameters);

    public void EmitStackLeft() => Il.Emit(OpCodes.Ldarg, (short)(_parameters + 1));

    public void EmitMemoryBase() => Il.Emit(OpCodes.Ldloc, _memory!);

    public void EmitLocal(int local)
    {
        if (local < _parameters)
        {
            Il.Emit(OpCodes.Ldarg, (short)local);
        }
        else
        {
            Il.Emit(OpCodes.Ldloc, _variables[local - _parameters]);
        }
    }

    public void EmitSetLocal(int local)
    {
        if (local < _parameters)
        {
            Il.Emit(OpCodes.Starg, (short)local);
        }
        else
        {
            Il.Emit(OpCodes.Stloc, _variables[local - _parameters]);
        }
    }

    public OperandBits BitsOfLocal(int local) => _plan.MayBeAnyNaN(local) ? OperandBits.MayBeAnyNaN : OperandBits.Exact;

    /// <summary>A variable for a few instructions.</summary>
    public LocalBuilder Temporary(Type type, int number = 0)
    {
        if (!_temporaries.TryGetValue((type, number), out LocalBuilder? variable))
        {
            variable = Il.DeclareLocal(type);
            _temporaries.Add((type, number), variable);
        }

        return variable;
    }

    /// <summary>Takes the uppermost operand into a variable.</summary>
    public LocalBuilder TakeToTemporary(Type type, int number = 0)
    {
        LocalBuilder variable = Temporary(type, number);
        Stack.Load(1);
        Il.Emit(OpCodes.Stloc, variable);
        Stack.Taken(1);
        return variable;
    }

    /// <summary>Makes the uppermost operands canonical where they are not numbers and the processor chose their bits.</summary>
    public void MakeExact(int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (Stack.Peek(i).Bits == OperandBits.Exact)
            {
                continue;
            }

            Stack.Flush();
            WasmType type = Stack.Peek(i).Type;
            LocalBuilder variable = Stack.Slot(Stack.Count - 1 - i, type);
            Label cold = Il.DefineLabel();
            Label back = Il.DefineLabel();
            Il.Emit(OpCodes.Ldloc, variable);
            Il.Emit(OpCodes.Ldloc, variable);
            Il.Emit(OpCodes.Bne_Un, cold);
            Il.MarkLabel(back);
            _notNumbers.Add((cold, back, variable, type));
            Stack.MarkExact(i);
        }
    }

    /// <summary>Where to branch, with an empty stack of IL, to end the run.</summary>
    public Label TrapLabel(string trap)
    {
        if (!_traps.TryGetValue(trap, out Label label))
        {
            label = Il.DefineLabel();
            _traps.Add(trap, label);
        }

        return label;
    }

    /// <summary>Ends the run here.</summary>
    public void EmitTrap(string trap)
    {
        EmitKeepFuel();
        Il.Emit(OpCodes.Call, typeof(WasmTraps).GetMethod(trap, BindingFlags.Static | BindingFlags.NonPublic)!);
        Il.Emit(OpCodes.Ldnull);
        Il.Emit(OpCodes.Throw);
    }

    /// <summary>What is seldom run, behind everything else.</summary>
    public void EmitCold()
    {
        foreach ((Label cold, Label back, LocalBuilder variable, WasmType type) in _notNumbers)
        {
            Il.MarkLabel(cold);
            NumericCode.EmitConstant(Il, type, type == WasmType.F32 ? CanonicalNaN32 : CanonicalNaN64);
            Il.Emit(OpCodes.Stloc, variable);
            Il.Emit(OpCodes.Br, back);
        }

        foreach ((string trap, Label label) in _traps)
        {
            Il.MarkLabel(label);
            EmitTrap(trap);
        }
    }
}
