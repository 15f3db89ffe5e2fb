using System;
using System.Reflection;
using System.Reflection.Emit;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>IL of the instructions that do not direct control: variables, memory, tables, references, calls.</summary>
internal sealed class PlainCode(FunctionScope scope)
{
    private readonly ILGenerator _il = scope.Il;
    private readonly OperandStack _stack = scope.Stack;
    private readonly WasmModule _module = scope.Compilation.Module;
    private readonly InstanceLayout _layout = scope.Compilation.Layout;

    public void Emit(in Instruction instruction)
    {
        int index = (int)instruction.A;
        switch (instruction.Code)
        {
            case Opcode.Drop:
                _stack.Drop();
                break;
            case Opcode.Select or Opcode.SelectTyped:
                Select();
                break;
            case Opcode.LocalGet:
                scope.EmitLocal(index);
                _stack.Push(scope.Locals[index], scope.BitsOfLocal(index));
                break;
            case Opcode.LocalSet or Opcode.LocalTee:
                SetLocal(index, keeps: instruction.Code == Opcode.LocalTee);
                break;
            case Opcode.GlobalGet:
                EmitGlobalAddress(index);
                _il.Emit(ValueCode.Load(_module.Globals[index].Type));
                _stack.Push(_module.Globals[index].Type);
                break;
            case Opcode.GlobalSet:
                SetGlobal(index);
                break;
            case Opcode.Call:
                Call(index);
                break;
            case Opcode.CallIndirect:
                CallIndirect(_module.Types[index], (int)instruction.B);
                break;
            case Opcode.I32Const or Opcode.I64Const or Opcode.F32Const or Opcode.F64Const:
                NumericCode.EmitConstant(_il, instruction.Form.Push, instruction.Bits);
                _stack.Push(instruction.Form.Push);
                break;
            case Opcode.RefNull:
                _il.Emit(OpCodes.Ldc_I8, 0L);
                _stack.Push((WasmType)index);
                break;
            case Opcode.RefIsNull:
                _stack.Load(1);
                _il.Emit(OpCodes.Ldc_I8, 0L);
                _il.Emit(OpCodes.Ceq);
                _stack.Taken(1);
                _stack.Push(WasmType.I32);
                break;
            case Opcode.RefFunc:
                RefFunc(index);
                break;
            case Opcode.MemorySize:
                scope.EmitInstanceAddress(InstanceLayout.Memory);
                _il.Emit(OpCodes.Ldind_I);
                _il.Emit(OpCodes.Ldc_I4, MemoryState.PagesOffset);
                _il.Emit(OpCodes.Conv_I);
                _il.Emit(OpCodes.Add);
                _il.Emit(OpCodes.Ldind_I4);
                _stack.Push(WasmType.I32);
                break;
            default:
                if (instruction.Form.Width > 0)
                {
                    Access(instruction);
                }
                else if (!TryOperation(instruction))
                {
                    Numeric(instruction);
                }

                break;
        }
    }

    private void Numeric(in Instruction instruction)
    {
        Opcode code = instruction.Code;
        int count = instruction.Form.Pops!.Count;
        if (NumericCode.ShowsBits(code))
        {
            scope.MakeExact(count);
        }

        OperandBits bits = NumericCode.IsArithmetic(code) ? OperandBits.MayBeAnyNaN
            : code is Opcode.F32Abs or Opcode.F64Abs ? _stack.Peek(0).Bits
            : OperandBits.Exact;
        _stack.Load(count);
        NumericCode.Emit(_il, code);
        _stack.Taken(count);
        _stack.Push(instruction.Form.Push, bits);
    }

    private void Select()
    {
        LocalBuilder condition = scope.TakeToTemporary(typeof(int));
        scope.MakeExact(2);
        WasmType type = _stack.Peek(0).Type;
        _stack.Load(2);
        _il.Emit(OpCodes.Ldloc, condition);
        Type clr = ClrTypes.Of(type);
        _il.Emit(OpCodes.Call, typeof(WasmOperations).GetMethod(nameof(WasmOperations.Select), [clr, clr, typeof(int)])!);
        _stack.Taken(2);
        _stack.Push(type);
    }

    private void SetLocal(int local, bool keeps)
    {
        if (scope.BitsOfLocal(local) == OperandBits.Exact)
        {
            scope.MakeExact(1);
        }

        _stack.Load(1);
        if (keeps)
        {
            _il.Emit(OpCodes.Dup);
            scope.EmitSetLocal(local);
        }
        else
        {
            scope.EmitSetLocal(local);
            _stack.Taken(1);
        }
    }

    private void EmitGlobalAddress(int global)
    {
        scope.EmitInstanceAddress(_layout.Globals + (8 * global));
        if (global < _module.ImportedGlobals)
        {
            _il.Emit(OpCodes.Ldind_I);
        }
    }

    private void SetGlobal(int global)
    {
        scope.MakeExact(1);
        WasmType type = _module.Globals[global].Type;
        LocalBuilder value = scope.TakeToTemporary(ClrTypes.Of(type));
        EmitGlobalAddress(global);
        _il.Emit(OpCodes.Ldloc, value);
        _il.Emit(ValueCode.Store(type));
    }

    private void RefFunc(int function)
    {
        if (function < _module.ImportedFunctions)
        {
            scope.EmitInstanceAddress(_layout.Imports + (8 * function));
            _il.Emit(OpCodes.Ldind_I);
        }
        else
        {
            scope.EmitInstanceAddress(_layout.Functions + (FunctionEntry.Size * (function - _module.ImportedFunctions)));
        }

        _il.Emit(OpCodes.Conv_I8);
        _stack.Push(WasmType.FuncRef);
    }

    private void Call(int function)
    {
        FunctionType type = _module.Functions[function];
        if (function < _module.ImportedFunctions)
        {
            LocalBuilder entry = scope.Temporary(typeof(nint));
            scope.EmitInstanceAddress(_layout.Imports + (8 * function));
            _il.Emit(OpCodes.Ldind_I);
            _il.Emit(OpCodes.Stloc, entry);
            CallEntry(type, entry);
            return;
        }

        BeginCall(type);
        scope.EmitInstance();
        scope.EmitStackLeft();
        _il.Emit(OpCodes.Call, scope.Compilation.Methods[function - _module.ImportedFunctions]);
        EndCall(type, null);
    }

    private void CallIndirect(FunctionType type, int table)
    {
        LocalBuilder entry = scope.Temporary(typeof(nint));
        _stack.Load(1);
        scope.EmitInstanceAddress(_layout.Tables + (8 * table));
        _il.Emit(OpCodes.Ldind_I);
        _il.Emit(OpCodes.Ldc_I8, scope.Compilation.Engine.NumberOf(type));
        scope.EmitKeepFuel();
        _il.Emit(OpCodes.Call, typeof(WasmOperations).GetMethod(nameof(WasmOperations.Resolve))!);
        _il.Emit(OpCodes.Stloc, entry);
        _stack.Taken(1);
        CallEntry(type, entry);
    }

    private void CallEntry(FunctionType type, LocalBuilder entry)
    {
        BeginCall(type);
        _il.Emit(OpCodes.Ldloc, entry);
        _il.Emit(OpCodes.Ldc_I4, FunctionEntry.InstanceOffset);
        _il.Emit(OpCodes.Conv_I);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Ldind_I);
        scope.EmitStackLeft();
        _il.Emit(OpCodes.Ldloc, entry);
        _il.Emit(OpCodes.Ldind_I);
        _il.EmitCalli(OpCodes.Calli, CallingConventions.Standard, MethodShape.ReturnOf(type), MethodShape.ParametersOf(type), null);
        EndCall(type, entry);
    }

    private void BeginCall(FunctionType type)
    {
        scope.MakeExact(type.Parameters.Count);
        _stack.Load(type.Parameters.Count);
        scope.EmitKeepFuel();
    }

    /// <summary>Results but the first lie in the block of the instance that was called.</summary>
    private void EndCall(FunctionType type, LocalBuilder? entry)
    {
        scope.EmitTakeFuel();
        _stack.Taken(type.Parameters.Count);
        for (int i = 0; i < type.Results.Count; i++)
        {
            if (i > 0)
            {
                int offset = InstanceLayout.Results + (8 * (i - 1));
                if (entry is null)
                {
                    scope.EmitInstanceAddress(offset);
                }
                else
                {
                    _il.Emit(OpCodes.Ldloc, entry);
                    _il.Emit(OpCodes.Ldc_I4, FunctionEntry.InstanceOffset);
                    _il.Emit(OpCodes.Conv_I);
                    _il.Emit(OpCodes.Add);
                    _il.Emit(OpCodes.Ldind_I);
                    _il.Emit(OpCodes.Ldc_I4, offset);
                    _il.Emit(OpCodes.Conv_I);
                    _il.Emit(OpCodes.Add);
                }

                _il.Emit(ValueCode.Load(type.Results[i]));
            }

            _stack.Push(type.Results[i]);
        }
    }

    /// <summary>Operations on memory and tables as a whole; each is a call, with what it names behind its operands.</summary>
    private bool TryOperation(in Instruction instruction)
    {
        (string? name, int[] names, int count, WasmType push) = instruction.Code switch
        {
            Opcode.MemoryGrow => (nameof(WasmOperations.MemoryGrow), [], 1, WasmType.I32),
            Opcode.MemoryFill => (nameof(WasmOperations.MemoryFill), [], 3, WasmType.Unknown),
            Opcode.MemoryCopy => (nameof(WasmOperations.MemoryCopy), [], 3, WasmType.Unknown),
            Opcode.MemoryInit => (nameof(WasmOperations.MemoryInit), [(int)instruction.A], 3, WasmType.Unknown),
            Opcode.DataDrop => (nameof(WasmOperations.DataDrop), [(int)instruction.A], 0, WasmType.Unknown),
            Opcode.ElemDrop => (nameof(WasmOperations.ElemDrop), [(int)instruction.A], 0, WasmType.Unknown),
            Opcode.TableInit => (nameof(WasmOperations.TableInit), [(int)instruction.A, (int)instruction.B], 3, WasmType.Unknown),
            Opcode.TableCopy => (nameof(WasmOperations.TableCopy), [(int)instruction.A, (int)instruction.B], 3, WasmType.Unknown),
            Opcode.TableFill => (nameof(WasmOperations.TableFill), [(int)instruction.A], 3, WasmType.Unknown),
            Opcode.TableGrow => (nameof(WasmOperations.TableGrow), [(int)instruction.A], 2, WasmType.I32),
            Opcode.TableSize => (nameof(WasmOperations.TableSize), [(int)instruction.A], 0, WasmType.I32),
            Opcode.TableSet => (nameof(WasmOperations.TableSet), [(int)instruction.A], 2, WasmType.Unknown),
            Opcode.TableGet => (nameof(WasmOperations.TableGet), new[] { (int)instruction.A }, 1, WasmType.FuncRef),
            _ => ((string?)null, Array.Empty<int>(), 0, WasmType.Unknown),
        };
        if (name is null)
        {
            return false;
        }

        _stack.Load(count);
        scope.EmitKeepFuel();
        scope.EmitInstance();
        foreach (int named in names)
        {
            _il.Emit(OpCodes.Ldc_I4, named);
        }

        _il.Emit(OpCodes.Call, typeof(WasmOperations).GetMethod(name)!);
        scope.EmitTakeFuel();
        _stack.Taken(count);
        if (instruction.Code == Opcode.TableGet)
        {
            _stack.Push(_module.Tables[(int)instruction.A].Element);
        }
        else if (push != WasmType.Unknown)
        {
            _stack.Push(push);
        }

        return true;
    }

    private void Access(in Instruction instruction)
    {
        OpcodeForm form = instruction.Form;
        bool isStore = form.Push == WasmType.Unknown;
        int count = form.Pops!.Count;
        if (isStore)
        {
            scope.MakeExact(1);
        }

        LocalBuilder? value = null;
        if (!scope.Compilation.Engine.GuardsMemory)
        {
            // The check branches, so IL's stack is empty there.
            value = isStore ? scope.TakeToTemporary(ClrTypes.Of(form.Pops[1])) : null;
            LocalBuilder address = scope.TakeToTemporary(typeof(int), 1);
            _stack.Flush();
            EmitCheckedAddress(address, instruction.Bits, form.Width);
        }
        else
        {
            _stack.Load(count);
            if (isStore)
            {
                value = scope.Temporary(ClrTypes.Of(form.Pops[1]));
                _il.Emit(OpCodes.Stloc, value);
            }

            _il.Emit(OpCodes.Conv_U);
            scope.EmitMemoryBase();
            _il.Emit(OpCodes.Add);
            if (instruction.Bits != 0)
            {
                _il.Emit(OpCodes.Ldc_I8, (long)instruction.Bits);
                _il.Emit(OpCodes.Conv_I);
                _il.Emit(OpCodes.Add);
            }

            _stack.Taken(count);
        }

        if (isStore)
        {
            _il.Emit(OpCodes.Ldloc, value!);
            if (form.Pops[1] == WasmType.I64 && form.Width < 8)
            {
                _il.Emit(OpCodes.Conv_I4);
            }

            _il.Emit(StoreOf(instruction.Code));
            return;
        }

        foreach (OpCode part in LoadOf(instruction.Code))
        {
            _il.Emit(part);
        }

        _stack.Push(form.Push);
    }

    private void EmitCheckedAddress(LocalBuilder address, ulong offset, int width)
    {
        LocalBuilder start = scope.Temporary(typeof(ulong));
        _il.Emit(OpCodes.Ldloc, address);
        _il.Emit(OpCodes.Conv_U8);
        _il.Emit(OpCodes.Ldc_I8, (long)offset);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Stloc, start);
        _il.Emit(OpCodes.Ldloc, start);
        _il.Emit(OpCodes.Ldc_I8, (long)width);
        _il.Emit(OpCodes.Add);
        scope.EmitInstanceAddress(InstanceLayout.Memory);
        _il.Emit(OpCodes.Ldind_I);
        _il.Emit(OpCodes.Ldc_I4, MemoryState.LengthOffset);
        _il.Emit(OpCodes.Conv_I);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Ldind_I8);
        _il.Emit(OpCodes.Bgt_Un, scope.TrapLabel(nameof(WasmTraps.MemoryOutOfBounds)));
        scope.EmitMemoryBase();
        _il.Emit(OpCodes.Ldloc, start);
        _il.Emit(OpCodes.Conv_U);
        _il.Emit(OpCodes.Add);
    }

    private static OpCode StoreOf(Opcode code) => code switch
    {
        Opcode.F32Store => OpCodes.Stind_R4,
        Opcode.F64Store => OpCodes.Stind_R8,
        Opcode.I64Store => OpCodes.Stind_I8,
        Opcode.I32Store8 or Opcode.I64Store8 => OpCodes.Stind_I1,
        Opcode.I32Store16 or Opcode.I64Store16 => OpCodes.Stind_I2,
        _ => OpCodes.Stind_I4,
    };

    private static OpCode[] LoadOf(Opcode code) => code switch
    {
        Opcode.I32Load => [OpCodes.Ldind_I4],
        Opcode.I64Load => [OpCodes.Ldind_I8],
        Opcode.F32Load => [OpCodes.Ldind_R4],
        Opcode.F64Load => [OpCodes.Ldind_R8],
        Opcode.I32Load8S => [OpCodes.Ldind_I1],
        Opcode.I32Load8U => [OpCodes.Ldind_U1],
        Opcode.I32Load16S => [OpCodes.Ldind_I2],
        Opcode.I32Load16U => [OpCodes.Ldind_U2],
        Opcode.I64Load8S => [OpCodes.Ldind_I1, OpCodes.Conv_I8],
        Opcode.I64Load8U => [OpCodes.Ldind_U1, OpCodes.Conv_U8],
        Opcode.I64Load16S => [OpCodes.Ldind_I2, OpCodes.Conv_I8],
        Opcode.I64Load16U => [OpCodes.Ldind_U2, OpCodes.Conv_U8],
        Opcode.I64Load32S => [OpCodes.Ldind_I4, OpCodes.Conv_I8],
        _ => [OpCodes.Ldind_U4, OpCodes.Conv_U8],
    };
}
