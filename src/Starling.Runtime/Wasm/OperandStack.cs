using System;
using System.Collections.Generic;
using System.Reflection.Emit;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>What is known of the bits of an operand.</summary>
internal enum OperandBits
{
    /// <summary>They are those that the specification asks for, and equal on every processor.</summary>
    Exact,

    /// <summary>Where it is not a number, the processor chose the bits: they are replaced before anyone can see them.</summary>
    MayBeAnyNaN,
}

/// <summary>An operand of the function that is compiled.</summary>
internal readonly record struct Operand(WasmType Type, OperandBits Bits);

/// <summary>
/// WebAssembly's operands while a function is compiled: the lower ones in local variables, one for each depth and type, the upper ones on the
/// stack of IL. Where code from several places meets, all are in variables, so that IL's stack is empty there.
/// </summary>
internal sealed class OperandStack(ILGenerator il)
{
    private readonly List<Operand> _operands = [];
    private readonly Dictionary<(int Depth, Type Type), LocalBuilder> _slots = [];
    private int _inSlots;

    /// <summary>Operands.</summary>
    public int Count => _operands.Count;

    /// <summary>The operand at a place from the top, 0 the uppermost.</summary>
    public Operand Peek(int fromTop) => _operands[_operands.Count - 1 - fromTop];

    /// <summary>Notes a value that code just put on IL's stack.</summary>
    public void Push(WasmType type, OperandBits bits = OperandBits.Exact) => _operands.Add(new Operand(type, bits));

    /// <summary>Notes a value that is in the variable of its place.</summary>
    public void PushInSlot(WasmType type)
    {
        if (_inSlots != _operands.Count)
        {
            throw new InvalidOperationException("an operand below is on IL's stack");
        }

        _operands.Add(new Operand(type, OperandBits.Exact));
        _inSlots++;
    }

    /// <summary>Puts the uppermost operands on IL's stack, in their order.</summary>
    public void Load(int count)
    {
        int first = _operands.Count - count;
        if (first >= _inSlots)
        {
            return;
        }

        Flush();
        for (int i = first; i < _operands.Count; i++)
        {
            il.Emit(OpCodes.Ldloc, Slot(i, _operands[i].Type));
        }

        _inSlots = first;
    }

    /// <summary>Notes that code took the uppermost operands from IL's stack, after <see cref="Load"/>.</summary>
    public void Taken(int count)
    {
        _operands.RemoveRange(_operands.Count - count, count);
        if (_inSlots > _operands.Count)
        {
            throw new InvalidOperationException("operands were taken that were not loaded");
        }
    }

    /// <summary>Forgets operands above a height, wherever they are; code can't come here.</summary>
    public void Cut(int height)
    {
        _operands.RemoveRange(height, _operands.Count - height);
        _inSlots = Math.Min(_inSlots, height);
    }

    /// <summary>Drops the uppermost operand.</summary>
    public void Drop()
    {
        if (_inSlots == _operands.Count)
        {
            _inSlots--;
        }
        else
        {
            il.Emit(OpCodes.Pop);
        }

        _operands.RemoveAt(_operands.Count - 1);
    }

    /// <summary>Puts all operands in their variables; IL's stack is empty then.</summary>
    public void Flush()
    {
        for (int i = _operands.Count - 1; i >= _inSlots; i--)
        {
            il.Emit(OpCodes.Stloc, Slot(i, _operands[i].Type));
        }

        _inSlots = _operands.Count;
    }

    /// <summary>Notes that the operand at a place from the top has exact bits from now on.</summary>
    public void MarkExact(int fromTop)
    {
        int index = _operands.Count - 1 - fromTop;
        _operands[index] = _operands[index] with { Bits = OperandBits.Exact };
    }

    /// <summary>The variable of the operand at a depth from the bottom.</summary>
    public LocalBuilder Slot(int depth, WasmType type)
    {
        Type clr = ClrTypes.Of(type);
        if (!_slots.TryGetValue((depth, clr), out LocalBuilder? slot))
        {
            slot = il.DeclareLocal(clr);
            _slots.Add((depth, clr), slot);
        }

        return slot;
    }
}

/// <summary>.NET's types of WebAssembly's.</summary>
internal static class ClrTypes
{
    /// <summary>The type in which compiled code holds a value; references are addresses.</summary>
    public static Type Of(WasmType type) => type switch
    {
        WasmType.I32 => typeof(int),
        WasmType.F32 => typeof(float),
        WasmType.F64 => typeof(double),
        _ => typeof(long),
    };
}
